using Microsoft.Win32.SafeHandles;
using Network.Cni;
using Network.Cni.Protocol;
using Network.Cni.Types.Veth;

// Plain descriptors instead of Console: its encodings and locks cost more than the whole rest of VERSION.
if (args is [LinkRemoval.Verb, var index])
    return LinkRemoval.RunHandedOver(index);
var environment = CniEnvironment.FromProcess();
if (environment.Command is null)
{
    Write(2, "podnet-cni: CNI plugin of podnet, types bridge, ptp, loopback, host-local, portmap, bandwidth; protocol versions 0.3.1 to 1.1.0\n"u8);
    return 0;
}

var reply = Plugin.Run(environment, ReadInput());
Write(1, reply.Output.Span);
return reply.ExitCode;

static byte[] ReadInput()
{
    using var input = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
    using var collected = new MemoryStream();
    input.CopyTo(collected);
    return collected.ToArray();
}

static void Write(int descriptor, ReadOnlySpan<byte> text)
{
    using var output = new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
    output.Write(text);
}
