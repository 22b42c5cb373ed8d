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
