using Network.Capture.Interop;
using Network.Linux;
using SharpPcap.LibPcap;

namespace Network.Capture.Live;

/// <summary>A device whose descriptor can be waited for together with others, and whose filter only the kernel runs.</summary>
internal sealed class PolledDevice(PcapInterface device) : LibPcapLiveDevice(device)
{
    internal int Descriptor => FileDescriptor;

    /// <summary>
    /// pcap_setfilter() runs the filter a second time in the process, over as many blocks as the ring has, and there
    /// "inbound" and "outbound" match nothing. So libpcap only compiles, and the socket gets the program directly.
    /// </summary>
    internal unsafe void Attach(string expression)
    {
        using var compiled = BpfProgram.Create(Handle, expression);
        var program = (SocketFilter.bpf_program*)compiled.DangerousGetHandle();
        var attached = new SocketFilter.sock_fprog { len = (ushort)program->bf_len, filter = program->bf_insns };
        if (program->bf_len > ushort.MaxValue
            || SocketFilter.setsockopt(Descriptor, SocketFilter.SOL_SOCKET, SocketFilter.SO_ATTACH_FILTER, &attached, (uint)sizeof(SocketFilter.sock_fprog)) < 0)
            throw LinuxException.Last($"attach a filter of {program->bf_len} instructions to {Name}");
    }

    /// <summary>The kernel unbinds a socket from a device that is removed, but not from one that is only down (net/packet/af_packet.c).</summary>
    internal unsafe bool IsGone()
    {
        LibC.sockaddr_ll address;
        var length = (uint)sizeof(LibC.sockaddr_ll);
        return LibC.getsockname(Descriptor, &address, &length) == 0 && address.sll_ifindex <= 0;
    }
}
