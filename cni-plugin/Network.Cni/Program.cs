using Network.Cni;
using Network.Cni.Protocol;
using Network.Cni.Types.Veth;
using Network.Linux;

// Plain descriptors instead of Console: its encodings and locks cost more than the whole rest of VERSION.
if (args is [LinkRemoval.Verb, var index])
    return LinkRemoval.RunHandedOver(index);
var environment = CniEnvironment.FromProcess();
if (environment.Command is null)
{
    FileDescriptor.WriteAll(2, "podnet-cni: CNI plugin of podnet, types bridge, ptp, loopback, host-local, portmap, bandwidth; protocol versions 0.3.1 to 1.1.0\n"u8);
    return 0;
}

Reply reply;
try
{
    reply = Plugin.Run(environment, FileDescriptor.ReadToEnd(0));
}
catch (Exception e)
{
    // A fault of this program; the runtime still gets an answer that it can read and log.
    reply = new Reply(1, ResultJson.Error(CniVersion.Newest, new CniException(CniError.Internal, $"podnet-cni failed: {e.Message}", e.ToString())));
}

FileDescriptor.WriteAll(1, reply.Output.Span);
return reply.ExitCode;
