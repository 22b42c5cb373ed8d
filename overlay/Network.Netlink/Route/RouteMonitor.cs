using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;

namespace Network.Netlink;

/// <summary>
/// Changes of links, addresses, routes, neighbours and forwarding entries as they happen. When the kernel had to drop
/// events (ENOBUFS) the stream says <see cref="RouteEventKind.Resync"/>; it also starts with one, so a reader that
/// reads everything on Resync misses nothing.
/// </summary>
public sealed class RouteMonitor : IDisposable
{
    private static readonly uint[] s_groups =
    [
        RtnetlinkH.RTNLGRP_LINK, RtnetlinkH.RTNLGRP_NEIGH, RtnetlinkH.RTNLGRP_IPV4_IFADDR, RtnetlinkH.RTNLGRP_IPV4_ROUTE,
        RtnetlinkH.RTNLGRP_IPV6_IFADDR, RtnetlinkH.RTNLGRP_IPV6_ROUTE,
    ];

    private readonly EventStream<RouteEvent> _stream;

    private RouteMonitor(EventStream<RouteEvent> stream) => _stream = stream;

    /// <param name="netNs">Namespace name or path; null means the calling thread's.</param>
    /// <param name="receiveBuffer">Bytes of events that may wait; 0 for a size that suits a busy node.</param>
    public static RouteMonitor Open(string? netNs = null, int receiveBuffer = 0) => new(EventStream<RouteEvent>.Open(
        new EventSource("route-monitor", NetlinkH.NETLINK_ROUTE, s_groups, netNs, receiveBuffer), TryRead, new RouteEvent(RouteEventKind.Resync)));

    /// <summary>The events; one reader. Ends when the monitor is disposed.</summary>
    public async IAsyncEnumerable<RouteEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (var happened in _stream.Events.ReadAllAsync(cancel).ConfigureAwait(false))
            yield return happened;
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>The event a message means; null for messages that mean none here.</summary>
    internal static RouteEvent? EventOf(NetlinkMessage message)
    {
        switch (message.Type)
        {
            case RtnetlinkH.RTM_NEWLINK or RtnetlinkH.RTM_DELLINK when LinkParser.TryParse(message, out var link):
                return new RouteEvent(RouteEventKind.Link) { Link = link, Deleted = message.Type == RtnetlinkH.RTM_DELLINK };
            case RtnetlinkH.RTM_NEWADDR or RtnetlinkH.RTM_DELADDR when AddressParser.TryParse(message, out var address):
                return new RouteEvent(RouteEventKind.Address) { Address = address, Deleted = message.Type == RtnetlinkH.RTM_DELADDR };
            case RtnetlinkH.RTM_NEWROUTE or RtnetlinkH.RTM_DELROUTE when RouteParser.TryParse(message, out var route):
                return new RouteEvent(RouteEventKind.Route) { Route = route, Deleted = message.Type == RtnetlinkH.RTM_DELROUTE };
            case RtnetlinkH.RTM_NEWNEIGH or RtnetlinkH.RTM_DELNEIGH when NeighbourParser.TryParse(message, out var neighbour):
                return new RouteEvent(RouteEventKind.Neighbour)
                {
                    Neighbour = neighbour,
                    Deleted = message.Type == RtnetlinkH.RTM_DELNEIGH,
                };
            case RtnetlinkH.RTM_NEWNEIGH or RtnetlinkH.RTM_DELNEIGH when FdbParser.TryParse(message, out var entry):
                return new RouteEvent(RouteEventKind.Fdb) { Fdb = entry, Deleted = message.Type == RtnetlinkH.RTM_DELNEIGH };
            default:
                return null;
        }
    }

    private static bool TryRead(NetlinkMessage message, [NotNullWhen(true)] out RouteEvent happened)
    {
        happened = EventOf(message)!;
        return happened is not null;
    }
}
