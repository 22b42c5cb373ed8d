using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>RTM_NEWROUTE and RTM_DELROUTE: rtmsg, then RTA_* attributes.</summary>
internal static class RouteParser
{
    internal static bool TryParse(NetlinkMessage message, out Route route)
    {
        route = null!;
        if (message.Type is not (RtnetlinkH.RTM_NEWROUTE or RtnetlinkH.RTM_DELROUTE)
            || !message.TryReadHeader(out rtmsg header, out var attributes)
            || header.rtm_family is not (NetlinkH.AF_INET or NetlinkH.AF_INET6)
            || (header.rtm_flags & RtnetlinkH.RTM_F_CLONED) != 0)
            return false;
        var destination = header.rtm_family == NetlinkH.AF_INET ? IPAddress.Any : IPAddress.IPv6Any;
        IPAddress? gateway = null, source = null;
        IReadOnlyList<NextHop> hops = [];
        int link = 0;
        uint priority = 0, mtu = 0, table = header.rtm_table;
        while (attributes.TryNext(out var attribute))
        {
            switch (attribute.Type)
            {
                case RtnetlinkH.RTA_DST when attribute.TryGet(out IPAddress? to):
                    destination = to!;
                    break;
                case RtnetlinkH.RTA_GATEWAY:
                    attribute.TryGet(out gateway);
                    break;
                case RtnetlinkH.RTA_PREFSRC:
                    attribute.TryGet(out source);
                    break;
                case RtnetlinkH.RTA_OIF:
                    attribute.TryGet(out link);
                    break;
                case RtnetlinkH.RTA_PRIORITY:
                    attribute.TryGet(out priority);
                    break;
                case RtnetlinkH.RTA_TABLE:
                    attribute.TryGet(out table);
                    break;
                case RtnetlinkH.RTA_MULTIPATH when !TryNextHops(attribute.Value, out hops):
                    return false;
                case RtnetlinkH.RTA_METRICS:
                    mtu = MtuOf(attribute.Nested);
                    break;
            }
        }

        if (attributes.Malformed || !TryPrefix(destination, header.rtm_dst_len, out var prefix))
            return false;
        route = new Route(prefix)
        {
            Gateway = gateway,
            LinkIndex = link,
            NextHops = hops,
            Onlink = (header.rtm_flags & RtnetlinkH.RTNH_F_ONLINK) != 0,
            Protocol = header.rtm_protocol,
            Scope = header.rtm_scope, Type = header.rtm_type, Table = table,
            Priority = priority, Mtu = mtu, PreferredSource = source,
        };
        return true;
    }

    // rtnexthop structures one after another, each with attributes within its length (rtnetlink(7)).
    private static bool TryNextHops(ReadOnlySpan<byte> bytes, out IReadOnlyList<NextHop> hops)
    {
        var found = new List<NextHop>();
        hops = found;
        var size = Unsafe.SizeOf<rtnexthop>();
        while (bytes.Length >= size)
        {
            var header = MemoryMarshal.Read<rtnexthop>(bytes);
            if (header.rtnh_len < size || header.rtnh_len > bytes.Length)
                return false;
            IPAddress? gateway = null;
            var attributes = new AttributeReader(bytes[size..header.rtnh_len]);
            while (attributes.TryNext(out var attribute))
            {
                if (attribute.Type == RtnetlinkH.RTA_GATEWAY)
                    attribute.TryGet(out gateway);
            }

            if (attributes.Malformed)
                return false;
            found.Add(new NextHop(gateway, header.rtnh_ifindex));
            bytes = bytes[Math.Min(NetlinkWriter.Aligned(header.rtnh_len), bytes.Length)..];
        }

        return true;
    }

    private static uint MtuOf(AttributeReader metrics)
    {
        uint mtu = 0;
        while (metrics.TryNext(out var metric))
        {
            if (metric.Type == RtnetlinkH.RTAX_MTU)
                metric.TryGet(out mtu);
        }

        return mtu;
    }

    // IPNetwork refuses host bits by exception; a hostile message may carry them.
    internal static bool TryPrefix(IPAddress address, int length, out IPNetwork prefix)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var size);
        prefix = default;
        if (length > size * 8)
            return false;
        for (var bit = length; bit < size * 8; bit++)
        {
            if ((bytes[bit / 8] & (0x80 >> (bit % 8))) != 0)
                return false;
        }

        prefix = new IPNetwork(address, length);
        return true;
    }
}
