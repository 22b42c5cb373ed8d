using Microsoft.Win32.SafeHandles;
using Network.Linux;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;

namespace Network.Netlink;

/// <summary>Waits for a device to go, from the moment of opening on. Lives in the namespace of the thread that opens it.</summary>
public sealed class LinkWatch : IDisposable
{
    private readonly KernelTransport _transport;

    private LinkWatch(KernelTransport transport) => _transport = transport;

    public static LinkWatch Open()
    {
        var transport = KernelTransport.Open(NetlinkH.NETLINK_ROUTE);
        transport.Join(RtnetlinkH.RTNLGRP_LINK);
        return new LinkWatch(transport);
    }

    /// <summary>The kernel reports a device as deleted when it can no longer be found or used, in any of its namespaces for a veth.</summary>
    /// <param name="other">Gives up when this descriptor becomes readable or loses its writers.</param>
    /// <returns>False when the watch ended without that report.</returns>
    public bool AwaitDeleted(int index, SafeFileHandle other)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(32 * 1024);
        try
        {
            while (_transport.WaitReadable((int)other.DangerousGetHandle()))
            {
                var reader = new NetlinkMessageReader(buffer.AsSpan(0, _transport.Receive(buffer)));
                while (reader.TryNext(out var message))
                {
                    // Bridges report the leaving of a port with the same type and their own family.
                    if (message.Type == RtnetlinkH.RTM_DELLINK && message.TryReadHeader(out ifinfomsg header, out _)
                        && header.ifi_index == index && header.ifi_family == NetlinkH.AF_UNSPEC)
                        return true;
                }
            }
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOBUFS)
        {
            // Reports were lost: the caller must look for itself.
        }

        return false;
    }

    public void Dispose() => _transport.Dispose();
}
