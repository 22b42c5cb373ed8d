using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>A VXLAN tunnel end point (RFC 7348).</summary>
public sealed record VxlanSpec(string Name, VxlanInfo Info) : LinkSpec(Name)
{
    protected override string Kind => "vxlan";

    protected override void WriteData(NetlinkWriter message)
    {
        using (message.Nest(IfLinkH.IFLA_INFO_DATA))
        {
            message.Put(IfLinkH.IFLA_VXLAN_ID, Info.Vni);
            message.PutBigEndian(IfLinkH.IFLA_VXLAN_PORT, (ushort)Info.Port);
            message.Put(IfLinkH.IFLA_VXLAN_LEARNING, (byte)(Info.Learning ? 1 : 0));
            if (Info.UnderlayIndex != 0)
                message.Put(IfLinkH.IFLA_VXLAN_LINK, Info.UnderlayIndex);
            if (Info.Local is { } local)
                message.Put(local.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
                    ? IfLinkH.IFLA_VXLAN_LOCAL
                    : IfLinkH.IFLA_VXLAN_LOCAL6, local);
        }
    }
}
