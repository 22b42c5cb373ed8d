using System.Text.Json.Nodes;
using Network.Labs.Cluster;
using Network.Labs.Fabric;

namespace Network.Labs.Faults;

/// <summary>BGP sessions of a router are shut, as by "neighbor shutdown" on a router of a maker.</summary>
internal sealed class SessionDown : IFault
{
    public string Name => "bgp-session-down";

    public string Summary => "a router's BGP sessions are shut: its links are up, and nobody learns a way through it";

    public string Takes => "on: the router; peer: its neighbour (all of them without)";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        foreach (var session in SessionsOf(site))
            await Control(site).DisableAsync(session.Name, cancel).ConfigureAwait(false);
        return [];
    }

    public async Task<string?> ProofAsync(FaultSite site, CancellationToken cancel)
    {
        var states = await Control(site).StatesAsync(cancel).ConfigureAwait(false);
        var sessions = SessionsOf(site);
        return states is not null && sessions.All(session => states.GetValueOrDefault(session.Name) == "down")
            ? $"birdc show protocols of {site.On}: {string.Join(", ", sessions.Select(session => $"{session.Name} down"))}" : null;
    }

    public async Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel)
    {
        foreach (var session in SessionsOf(site))
            await Control(site).EnableAsync(session.Name, cancel).ConfigureAwait(false);
    }

    private static BirdControl Control(FaultSite site) => new(site.Paths, site.On);

    private static IReadOnlyList<BgpSession> SessionsOf(FaultSite site) => Control(site).Sessions(site.Targets.Topology, site.Peer.Length == 0 ? null : site.Peer);
}
