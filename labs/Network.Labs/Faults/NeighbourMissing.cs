using Network.Netlink;

namespace Network.Labs.Faults;

internal sealed class NeighbourMissing : PeerEntryFault
{
    public override string Name => "neighbour-missing";

    public override string Summary => "the neighbour entry of a peer is gone, and nobody answers ARP in a tunnel: host unreachable after three seconds";

    protected override void Break(FaultSite site, RouteSocket socket, PeerEntries peer)
    {
        if (peer.Neighbour is { } entry)
            socket.Execute(batch => batch.NeighbourDelete(entry));
    }

    // A packet that asks for it leaves an entry without a MAC.
    protected override string? Proof(FaultSite site, RouteSocket socket, PeerEntries peer) => peer.Neighbour?.Mac is null ? $"{peer.Device.Name} of {site.On} does not know the MAC of {peer.Gateway}" : null;
}
