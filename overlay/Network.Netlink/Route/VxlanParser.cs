using System.Net;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>IFLA_INFO_DATA of a VXLAN device. The port alone is in network byte order.</summary>
internal static class VxlanParser
{
    internal static VxlanInfo Parse(AttributeReader data)
    {
        int vni = 0, underlay = 0;
        ushort port = 0;
        byte learning = 0, l2 = 0, l3 = 0;
        IPAddress? local = null;
        while (data.TryNext(out var attribute))
        {
            switch (attribute.Type)
            {
                case IfLinkH.IFLA_VXLAN_ID:
                    attribute.TryGet(out vni);
                    break;
                case IfLinkH.IFLA_VXLAN_LINK:
                    attribute.TryGet(out underlay);
                    break;
                case IfLinkH.IFLA_VXLAN_PORT:
                    attribute.TryGetBigEndian(out port);
                    break;
                case IfLinkH.IFLA_VXLAN_LOCAL or IfLinkH.IFLA_VXLAN_LOCAL6:
                    attribute.TryGet(out local);
                    break;
                case IfLinkH.IFLA_VXLAN_LEARNING:
                    attribute.TryGet(out learning);
                    break;
                case IfLinkH.IFLA_VXLAN_L2MISS:
                    attribute.TryGet(out l2);
                    break;
                case IfLinkH.IFLA_VXLAN_L3MISS:
                    attribute.TryGet(out l3);
                    break;
            }
        }

        return new VxlanInfo
        {
            Vni = vni,
            Port = port,
            Local = local,
            UnderlayIndex = underlay,
            Learning = learning != 0,
            ReportsMisses = (l2 | l3) != 0,
        };
    }
}
