using Network.Netlink;

namespace Network.Labs.Faults;

internal sealed class RouteMissing : PeerEntryFault
{
    public override string Name => "route-missing";

    public override string Summary => "the route to a peer's pods is gone: packets leave by the default route, or not at all";

    protected override void Break(FaultSite site, RouteSocket socket, PeerEntries peer)
    {
        if (peer.Route is { } route)
            socket.Execute(batch => batch.RouteDelete(route));
    }

    protected override string? Proof(FaultSite site, RouteSocket socket, PeerEntries peer) => peer.Route is null ? $"{site.On} has no route by way of {peer.Gateway}" : null;
}
