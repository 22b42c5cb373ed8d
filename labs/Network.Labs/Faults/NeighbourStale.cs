using Network.Netlink;

namespace Network.Labs.Faults;

internal sealed class NeighbourStale : PeerEntryFault
{
    private static readonly MacAddress s_wrong = MacAddress.Parse("02:00:5e:00:53:01");

    public override string Name => "neighbour-stale";

    public override string Summary => "the neighbour entry of a peer has a MAC the peer does not have: frames arrive there and are not taken";

    protected override void Break(FaultSite site, RouteSocket socket, PeerEntries peer)
    {
        socket.Execute(batch => batch.NeighbourReplace(new Neighbour(peer.Device.Index, peer.Gateway, s_wrong)));
        // Or the frame would end here, for want of a node.
        if (peer.Fdb is { Remote: { } remote })
            socket.Execute(batch => batch.FdbReplace(new FdbEntry(peer.Device.Index, s_wrong, remote)));
    }

    protected override string? Proof(FaultSite site, RouteSocket socket, PeerEntries peer) => peer.Neighbour?.Mac?.Equals(s_wrong) == true ? $"{peer.Gateway} lladdr {s_wrong} dev {peer.Device.Name}" : null;
}
