using Microsoft.Win32.SafeHandles;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>A pair of virtual Ethernet devices, made in one message.</summary>
public sealed record VethSpec(string Name, string PeerName) : LinkSpec(Name)
{
    public MacAddress? PeerMac { get; init; }

    /// <summary>Open namespace the other end is born in; null for the same one.</summary>
    public SafeFileHandle? PeerNetNs { get; init; }

    protected override string Kind => "veth";

    protected override void WriteData(NetlinkWriter message)
    {
        using (message.Nest(IfLinkH.IFLA_INFO_DATA))
        using (message.Nest(IfLinkH.VETH_INFO_PEER))
        {
            // The peer cannot be born up: the kernel opens it before the two ends know each other (ENOTCONN).
            message.Header(default(ifinfomsg));
            message.Put(IfLinkH.IFLA_IFNAME, PeerName);
            if (PeerMac is { } mac)
                message.Put(IfLinkH.IFLA_ADDRESS, mac);
            if (Mtu != 0)
                message.Put(IfLinkH.IFLA_MTU, Mtu);
            if (PeerNetNs is not null)
                message.Put(IfLinkH.IFLA_NET_NS_FD, (int)PeerNetNs.DangerousGetHandle());
        }
    }
}
