using Network.Netlink;

namespace Network.Labs.Faults;

internal sealed class FdbMissing : PeerEntryFault
{
    public override string Name => "fdb-missing";

    public override string Summary => "the forwarding entry of a peer is gone: packets to its pods end at the tunnel device";

    protected override void Break(FaultSite site, RouteSocket socket, PeerEntries peer)
    {
        if (peer.Fdb is { } entry)
            socket.Execute(batch => batch.FdbDelete(entry));
    }

    protected override string? Proof(FaultSite site, RouteSocket socket, PeerEntries peer) => peer.Fdb is null ? $"{peer.Device.Name} of {site.On} has no entry for {peer.Mac}" : null;
}
