using Network.Linux;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;

namespace Network.Netlink;

/// <summary>
/// Links, addresses, routes, neighbours and forwarding entries of one network namespace. Opened inside it once, then
/// used from any thread (one at a time) without entering it again.
/// </summary>
public sealed class RouteSocket : IDisposable
{
    private const ushort Get = NetlinkH.NLM_F_REQUEST;
    private const ushort DumpFlags = NetlinkH.NLM_F_REQUEST | NetlinkH.NLM_F_DUMP;
    private readonly NetlinkSocket _socket;

    /// <summary>Over a transport of the caller's: the in-memory one in tests.</summary>
    public RouteSocket(INetlinkTransport transport) => _socket = new NetlinkSocket(transport);

    private RouteSocket(NetlinkSocket socket) => _socket = socket;

    /// <param name="netNs">Namespace name or path; null means the calling thread's.</param>
    public static RouteSocket Open(string? netNs = null) => new(NetlinkSocket.Open(NetlinkH.NETLINK_ROUTE, netNs));

    /// <summary>Makes the changes of a batch in one send; throws the first refusal, after all were tried.</summary>
    public void Execute(RouteBatch batch) => _socket.Execute(batch);

    /// <inheritdoc cref="Execute(RouteBatch)"/>
    public void Execute(Action<RouteBatch> build)
    {
        var batch = new RouteBatch();
        build(batch);
        _socket.Execute(batch);
    }

    /// <summary>Makes the changes of a batch and returns what was refused.</summary>
    public IReadOnlyList<NetlinkRefusal> TryExecute(RouteBatch batch) => _socket.TryExecute(batch);

    public IReadOnlyList<Link> Links() => _socket.Dump<Link>(batch =>
    {
        using var message = batch.Begin(RtnetlinkH.RTM_GETLINK, DumpFlags, "list links");
        message.Header(default(ifinfomsg));
        message.Put(IfLinkH.IFLA_EXT_MASK, RtnetlinkH.RTEXT_FILTER_SKIP_STATS);
    }, LinkParser.TryParse);

    /// <summary>The device, or null when there is none.</summary>
    public Link? Link(LinkRef link)
    {
        var request = new NetlinkBatch();
        using (var message = request.Begin(RtnetlinkH.RTM_GETLINK, Get, $"get link {link}"))
        {
            link.Write(message);
            message.Put(IfLinkH.IFLA_EXT_MASK, RtnetlinkH.RTEXT_FILTER_SKIP_STATS);
        }

        try
        {
            return _socket.TryGet<Link>(request, LinkParser.TryParse, out var found) ? found : null;
        }
        catch (LinuxException e) when (e.Errno == Errno.ENODEV)
        {
            return null;
        }
    }

    /// <summary>IPv4 and IPv6 addresses; of one device when <paramref name="linkIndex"/> is not 0.</summary>
    public IReadOnlyList<InterfaceAddress> Addresses(int linkIndex = 0) => _socket.Dump<InterfaceAddress>(batch =>
    {
        using var message = batch.Begin(RtnetlinkH.RTM_GETADDR, DumpFlags, "list addresses");
        message.Header(new ifaddrmsg { ifa_index = (uint)linkIndex });
    }, (NetlinkMessage message, out InterfaceAddress address) =>
        AddressParser.TryParse(message, out address) && (linkIndex == 0 || address.LinkIndex == linkIndex));

    /// <summary>Routes of both families; of one device when <paramref name="linkIndex"/> is not 0.</summary>
    public IReadOnlyList<Route> Routes(uint table = RtnetlinkH.RT_TABLE_MAIN, int linkIndex = 0)
    {
        var routes = DumpRoutes(NetlinkH.AF_INET, table, linkIndex);
        routes.AddRange(DumpRoutes(NetlinkH.AF_INET6, table, linkIndex));
        return routes;
    }

    /// <summary>ARP and ND entries of one device.</summary>
    public IReadOnlyList<Neighbour> Neighbours(int linkIndex) => _socket.Dump<Neighbour>(batch =>
    {
        using var message = batch.Begin(RtnetlinkH.RTM_GETNEIGH, DumpFlags, $"list neighbours of link #{linkIndex}");
        message.Header(default(ndmsg));
        message.Put(NeighbourH.NDA_IFINDEX, linkIndex);
    }, (NetlinkMessage message, out Neighbour neighbour) =>
        NeighbourParser.TryParse(message, out neighbour) && neighbour.LinkIndex == linkIndex);

    /// <summary>Forwarding entries of one VXLAN device, or of one bridge port.</summary>
    public IReadOnlyList<FdbEntry> Fdb(int linkIndex) => _socket.Dump<FdbEntry>(batch =>
    {
        using var message = batch.Begin(RtnetlinkH.RTM_GETNEIGH, DumpFlags, $"list fdb of link #{linkIndex}");
        message.Header(new ndmsg { ndm_family = NetlinkH.AF_BRIDGE, ndm_ifindex = linkIndex });
    }, (NetlinkMessage message, out FdbEntry entry) =>
        FdbParser.TryParse(message, out entry) && entry.LinkIndex == linkIndex);

    public void Dispose() => _socket.Dispose();

    private List<Route> DumpRoutes(byte family, uint table, int linkIndex) => _socket.Dump<Route>(batch =>
    {
        using var message = batch.Begin(RtnetlinkH.RTM_GETROUTE, DumpFlags, $"list routes of table {table}");
        message.Header(new rtmsg { rtm_family = family });
        message.Put(RtnetlinkH.RTA_TABLE, table);
        if (linkIndex != 0)
            message.Put(RtnetlinkH.RTA_OIF, linkIndex);
    }, (NetlinkMessage message, out Route route) =>
        RouteParser.TryParse(message, out route) && route.Table == table && (linkIndex == 0 || route.LinkIndex == linkIndex));
}
