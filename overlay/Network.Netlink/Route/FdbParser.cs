using System.Net;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>RTM_NEWNEIGH and RTM_DELNEIGH of AF_BRIDGE: ndmsg, then NDA_* attributes.</summary>
internal static class FdbParser
{
    internal static bool TryParse(NetlinkMessage message, out FdbEntry entry)
    {
        entry = null!;
        if (message.Type is not (RtnetlinkH.RTM_NEWNEIGH or RtnetlinkH.RTM_DELNEIGH)
            || !message.TryReadHeader(out ndmsg header, out var attributes)
            || header.ndm_family != NetlinkH.AF_BRIDGE)
            return false;
        IPAddress? remote = null;
        MacAddress? mac = null;
        while (attributes.TryNext(out var attribute))
        {
            switch (attribute.Type)
            {
                case NeighbourH.NDA_DST:
                    attribute.TryGet(out remote);
                    break;
                case NeighbourH.NDA_LLADDR:
                    mac = attribute.TryGet(out MacAddress own) ? own : null;
                    break;
            }
        }

        if (attributes.Malformed || mac is not { } known)
            return false;
        entry = new FdbEntry(header.ndm_ifindex, known, remote) { State = header.ndm_state, Flags = header.ndm_flags };
        return true;
    }
}
