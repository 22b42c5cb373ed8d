using System.Net;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>RTM_NEWNEIGH and RTM_DELNEIGH of the IP families: ndmsg, then NDA_* attributes.</summary>
internal static class NeighbourParser
{
    internal static bool TryParse(NetlinkMessage message, out Neighbour neighbour)
    {
        neighbour = null!;
        if (message.Type is not (RtnetlinkH.RTM_NEWNEIGH or RtnetlinkH.RTM_DELNEIGH)
            || !message.TryReadHeader(out ndmsg header, out var attributes)
            || header.ndm_family is not (NetlinkH.AF_INET or NetlinkH.AF_INET6))
            return false;
        IPAddress? address = null;
        MacAddress? mac = null;
        while (attributes.TryNext(out var attribute))
        {
            switch (attribute.Type)
            {
                case NeighbourH.NDA_DST:
                    attribute.TryGet(out address);
                    break;
                case NeighbourH.NDA_LLADDR:
                    mac = attribute.TryGet(out MacAddress own) ? own : null;
                    break;
            }
        }

        if (attributes.Malformed || address is null)
            return false;
        neighbour = new Neighbour(header.ndm_ifindex, address, mac) { State = header.ndm_state };
        return true;
    }
}
