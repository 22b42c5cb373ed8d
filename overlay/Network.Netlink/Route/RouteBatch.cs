using System.Net;
using System.Net.Sockets;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>
/// rtnetlink changes to be made in one send, in the vocabulary of vishvananda/netlink. <c>Add</c> refuses what exists
/// (EEXIST), <c>Replace</c> makes it so, <c>Delete</c> refuses what is absent.
/// </summary>
public sealed class RouteBatch : NetlinkBatch
{
    private const ushort Request = NetlinkH.NLM_F_REQUEST;
    private const ushort Create = Request | NetlinkH.NLM_F_CREATE | NetlinkH.NLM_F_EXCL;
    private const ushort Replace = Request | NetlinkH.NLM_F_CREATE | NetlinkH.NLM_F_REPLACE;

    public RouteBatch LinkAdd(LinkSpec spec)
    {
        using var message = Begin(RtnetlinkH.RTM_NEWLINK, Create, $"add link {spec.Name}");
        spec.Write(message);
        return this;
    }

    public RouteBatch LinkSet(LinkRef link, LinkChange change)
    {
        using var message = Begin(RtnetlinkH.RTM_NEWLINK, Request, $"change link {link}");
        link.Write(message, change.Flags, change.ChangeMask);
        change.Write(message);
        return this;
    }

    public RouteBatch LinkDelete(LinkRef link)
    {
        using var message = Begin(RtnetlinkH.RTM_DELLINK, Request, $"delete link {link}");
        link.Write(message);
        return this;
    }

    public RouteBatch AddressAdd(InterfaceAddress address) => WriteAddress(RtnetlinkH.RTM_NEWADDR, Create, "add", address);

    public RouteBatch AddressReplace(InterfaceAddress address) => WriteAddress(RtnetlinkH.RTM_NEWADDR, Replace, "replace", address);

    public RouteBatch AddressDelete(InterfaceAddress address) => WriteAddress(RtnetlinkH.RTM_DELADDR, Request, "delete", address);

    public RouteBatch RouteAdd(Route route) => WriteRoute(RtnetlinkH.RTM_NEWROUTE, Create, "add", route);

    public RouteBatch RouteReplace(Route route) => WriteRoute(RtnetlinkH.RTM_NEWROUTE, Replace, "replace", route);

    public RouteBatch RouteDelete(Route route) => WriteRoute(RtnetlinkH.RTM_DELROUTE, Request, "delete", route);

    public RouteBatch NeighbourReplace(Neighbour neighbour) => WriteNeighbour(RtnetlinkH.RTM_NEWNEIGH, Replace, "replace", neighbour);

    public RouteBatch NeighbourDelete(Neighbour neighbour) => WriteNeighbour(RtnetlinkH.RTM_DELNEIGH, Request, "delete", neighbour);

    public RouteBatch FdbReplace(FdbEntry entry) => WriteFdb(RtnetlinkH.RTM_NEWNEIGH, Replace, "replace", entry);

    public RouteBatch FdbDelete(FdbEntry entry) => WriteFdb(RtnetlinkH.RTM_DELNEIGH, Request, "delete", entry);

    internal static byte FamilyOf(IPAddress address) =>
        (byte)(address.AddressFamily == AddressFamily.InterNetwork ? NetlinkH.AF_INET : NetlinkH.AF_INET6);

    private RouteBatch WriteAddress(ushort type, ushort flags, string verb, InterfaceAddress address)
    {
        using var message = Begin(type, flags, $"{verb} address {address} on link #{address.LinkIndex}");
        var v4 = address.Address.AddressFamily == AddressFamily.InterNetwork;
        message.Header(new ifaddrmsg
        {
            ifa_family = FamilyOf(address.Address),
            ifa_prefixlen = (byte)address.PrefixLength,
            ifa_flags = (byte)address.Flags,
            ifa_scope = address.Scope,
            ifa_index = (uint)address.LinkIndex,
        });
        message.Put(IfAddrH.IFA_LOCAL, address.Address);
        message.Put(IfAddrH.IFA_ADDRESS, address.Address);
        // Without it the kernel leaves brd empty and some DHCP-era software inside pods complains; /31 and /32 have none (RFC 3021).
        if (v4 && address.PrefixLength < 31 && type == RtnetlinkH.RTM_NEWADDR)
            message.Put(IfAddrH.IFA_BROADCAST, Broadcast(address));
        if (address.Flags != 0)
            message.Put(IfAddrH.IFA_FLAGS, address.Flags);
        return this;
    }

    private RouteBatch WriteRoute(ushort type, ushort flags, string verb, Route route)
    {
        using var message = Begin(type, flags, $"{verb} route {route}");
        message.Header(new rtmsg
        {
            rtm_family = FamilyOf(route.Destination.BaseAddress),
            rtm_dst_len = (byte)route.Destination.PrefixLength,
            rtm_table = (byte)(route.Table < 256 ? route.Table : RtnetlinkH.RT_TABLE_UNSPEC),
            rtm_protocol = route.Protocol,
            rtm_scope = route.Scope,
            rtm_type = route.Type,
            rtm_flags = route.Onlink ? RtnetlinkH.RTNH_F_ONLINK : 0,
        });
        if (route.Destination.PrefixLength > 0)
            message.Put(RtnetlinkH.RTA_DST, route.Destination.BaseAddress);
        message.Put(RtnetlinkH.RTA_TABLE, route.Table);
        if (route.Gateway is { } gateway)
            message.Put(RtnetlinkH.RTA_GATEWAY, gateway);
        if (route.LinkIndex != 0)
            message.Put(RtnetlinkH.RTA_OIF, route.LinkIndex);
        if (route.Priority != 0)
            message.Put(RtnetlinkH.RTA_PRIORITY, route.Priority);
        if (route.PreferredSource is { } source)
            message.Put(RtnetlinkH.RTA_PREFSRC, source);
        if (route.Mtu != 0 || route.AdvertisedMss != 0)
        {
            using (message.Nest(RtnetlinkH.RTA_METRICS))
            {
                if (route.Mtu != 0)
                    message.Put(RtnetlinkH.RTAX_MTU, route.Mtu);
                if (route.AdvertisedMss != 0)
                    message.Put(RtnetlinkH.RTAX_ADVMSS, route.AdvertisedMss);
            }
        }

        return this;
    }

    private RouteBatch WriteNeighbour(ushort type, ushort flags, string verb, Neighbour neighbour)
    {
        using var message = Begin(type, flags, $"{verb} neighbour {neighbour.Address} on link #{neighbour.LinkIndex}");
        message.Header(new ndmsg
        {
            ndm_family = FamilyOf(neighbour.Address),
            ndm_ifindex = neighbour.LinkIndex,
            ndm_state = neighbour.State,
        });
        message.Put(NeighbourH.NDA_DST, neighbour.Address);
        if (neighbour.Mac is { } mac)
            message.Put(NeighbourH.NDA_LLADDR, mac);
        return this;
    }

    private RouteBatch WriteFdb(ushort type, ushort flags, string verb, FdbEntry entry)
    {
        using var message = Begin(type, flags, $"{verb} fdb {entry.Mac} on link #{entry.LinkIndex}");
        message.Header(new ndmsg
        {
            ndm_family = NetlinkH.AF_BRIDGE,
            ndm_ifindex = entry.LinkIndex,
            ndm_state = entry.State,
            ndm_flags = entry.Flags,
        });
        message.Put(NeighbourH.NDA_LLADDR, entry.Mac);
        if (entry.Remote is { } remote)
            message.Put(NeighbourH.NDA_DST, remote);
        return this;
    }

    private static IPAddress Broadcast(InterfaceAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        address.Address.TryWriteBytes(bytes, out _);
        var value = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes) | (uint.MaxValue >> address.PrefixLength);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return new IPAddress(bytes);
    }
}
