using System.Net;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>RTM_NEWADDR and RTM_DELADDR: ifaddrmsg, then IFA_* attributes.</summary>
internal static class AddressParser
{
    internal static bool TryParse(NetlinkMessage message, out InterfaceAddress address)
    {
        address = null!;
        if (message.Type is not (RtnetlinkH.RTM_NEWADDR or RtnetlinkH.RTM_DELADDR)
            || !message.TryReadHeader(out ifaddrmsg header, out var attributes))
            return false;
        IPAddress? local = null, peer = null;
        uint flags = header.ifa_flags;
        while (attributes.TryNext(out var attribute))
        {
            switch (attribute.Type)
            {
                case IfAddrH.IFA_LOCAL:
                    attribute.TryGet(out local);
                    break;
                case IfAddrH.IFA_ADDRESS:
                    attribute.TryGet(out peer);
                    break;
                case IfAddrH.IFA_FLAGS:
                    attribute.TryGet(out flags);
                    break;
            }
        }

        // IPv6 sends only IFA_ADDRESS; on point-to-point IPv4 that one is the other end.
        if (attributes.Malformed || (local ?? peer) is not { } own)
            return false;
        address = new InterfaceAddress((int)header.ifa_index, own, header.ifa_prefixlen) { Scope = header.ifa_scope, Flags = flags };
        return true;
    }
}
