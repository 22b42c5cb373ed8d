using System.Net;
using System.Text.Json.Nodes;
using Network.Netlink;

namespace Network.Labs.Faults;

/// <summary>
/// One entry that a node's overlay keeps about a peer is wrong or gone. The daemon would mend it within milliseconds, so it is
/// killed first: that is how such entries come to be.
/// </summary>
internal abstract class PeerEntryFault : IFault
{
    public abstract string Name { get; }

    public abstract string Summary { get; }

    public virtual string Takes => "on: the machine; peer: the node the entry is about";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        await site.Parts.StopAsync(site.Parts.ProcessOf(site.On, "overlay"), cancel).ConfigureAwait(false);
        using var socket = site.Routes();
        Break(site, socket, Peer(site, socket));
        return [];
    }

    public Task<string?> ProofAsync(FaultSite site, CancellationToken cancel)
    {
        using var socket = site.Routes();
        return Task.FromResult(Proof(site, socket, Peer(site, socket)));
    }

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel)
    {
        // Whole again is what the daemon makes it.
        site.Parts.Start(site.Parts.ProcessOf(site.On, "overlay"));
        return Task.CompletedTask;
    }

    protected abstract void Break(FaultSite site, RouteSocket socket, PeerEntries peer);

    protected abstract string? Proof(FaultSite site, RouteSocket socket, PeerEntries peer);

    private static PeerEntries Peer(FaultSite site, RouteSocket socket)
    {
        var device = site.Tunnel(site.On);
        var far = site.Tunnel(site.Peer);
        using var other = site.Routes(site.Peer);
        // The tunnel's own address is the base of the node's pods, without a route to them.
        var pods = other.Addresses(far.Index).First(address => address.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork).Address;
        return new PeerEntries(device, far.Mac!.Value, pods)
        {
            Fdb = socket.Fdb(device.Index).FirstOrDefault(entry => entry.Mac.Equals(far.Mac.Value) && entry.Remote is not null),
            Neighbour = socket.Neighbours(device.Index).FirstOrDefault(entry => entry.Address.Equals(pods)),
            Route = socket.Routes(linkIndex: device.Index).FirstOrDefault(route => route.Destination.BaseAddress.Equals(pods)),
        };
    }

    /// <summary>What a node has about a peer.</summary>
    /// <param name="Device">The tunnel here.</param>
    /// <param name="Mac">Of the tunnel there.</param>
    /// <param name="Gateway">The address of the tunnel there.</param>
    protected sealed record PeerEntries(Link Device, MacAddress Mac, IPAddress Gateway)
    {
        internal FdbEntry? Fdb { get; init; }

        internal Neighbour? Neighbour { get; init; }

        internal Route? Route { get; init; }
    }
}

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
