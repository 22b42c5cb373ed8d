using System.Net;
using Network.Netlink;

namespace Network.Labs.Faults;

internal sealed class FdbStale : PeerEntryFault
{
    public override string Name => "fdb-stale";

    public override string Summary => "the forwarding entry of a peer leads to an address the peer does not have (any more): one direction is dead";

    public override string Takes => "on: the machine; peer: the node the entry is about; value: the wrong address";

    protected override void Break(FaultSite site, RouteSocket socket, PeerEntries peer)
    {
        if (peer.Fdb is { } entry)
            socket.Execute(batch => batch.FdbDelete(entry));
        socket.Execute(batch => batch.FdbReplace(new FdbEntry(peer.Device.Index, peer.Mac, IPAddress.Parse(site.Value))));
    }

    protected override string? Proof(FaultSite site, RouteSocket socket, PeerEntries peer) =>
        peer.Fdb?.Remote?.Equals(IPAddress.Parse(site.Value)) == true ? $"{peer.Device.Name} of {site.On}: {peer.Mac} dst {site.Value}" : null;
}
