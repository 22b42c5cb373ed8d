using Network.Conformance.Clients;

namespace Network.Conformance.Services;

/// <summary>trafficDistribution: near endpoints first, all where none is near.</summary>
internal static class Distribution
{
    private const string Zone = "topology.kubernetes.io/zone", Http = "ports: [{name: http, port: 80, targetPort: 8080}]";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        ServiceRow.New("distribution", "PreferSameNode: each node's own endpoint", SameNodeAsync),
        ServiceRow.New("distribution", "PreferSameNode: all endpoints where the node has none", SameNodeFallBackAsync),
        ServiceRow.New("distribution", "PreferSameZone: endpoints of the client's zone", run => ZonesAsync(run, "PreferSameZone")) with { Alone = true },
        ServiceRow.New("distribution", "PreferClose: endpoints of the client's zone", run => ZonesAsync(run, "PreferClose")) with { Alone = true },
        ServiceRow.New("distribution", "nodes without zones: all endpoints", run => NoZonesAsync(run)) with { Alone = true },
    ];

    private static async Task SameNodeAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync($"trafficDistribution: PreferSameNode, {Http}").ConfigureAwait(false);
        foreach (var from in run.Servers.Concat(run.Nodes))
            await OnlyAsync(run, from, service, [$"server-{from.Node}"]).ConfigureAwait(false);
    }

    private static async Task SameNodeFallBackAsync(ServiceRun run)
    {
        Place[] pods = [await run.PodAsync("one", run.Nodes[0]).ConfigureAwait(false), await run.PodAsync("two", run.Nodes[1]).ConfigureAwait(false)];
        var service = await run.OwnServiceAsync($"trafficDistribution: PreferSameNode, {Http}").ConfigureAwait(false);
        await OnlyAsync(run, run.Servers[0], service, ["one"]).ConfigureAwait(false);
        await run.ReachesAllAsync(run.Servers[2], service.ClusterIp, 80, pods).ConfigureAwait(false);
    }

    private static async Task ZonesAsync(ServiceRun run, string preference)
    {
        for (var i = 0; i < run.Nodes.Count; i++)
            await LabelAsync(run, run.Nodes[i], i < 2 ? "a" : "b").ConfigureAwait(false);
        var service = await run.ServiceAsync($"trafficDistribution: {preference}, {Http}").ConfigureAwait(false);
        await OnlyAsync(run, run.Servers[0], service, [run.Servers[0].Name, run.Servers[1].Name]).ConfigureAwait(false);
        await OnlyAsync(run, run.Servers[2], service, [run.Servers[2].Name]).ConfigureAwait(false);
        await OnlyAsync(run, run.Nodes[2], service, [run.Servers[2].Name]).ConfigureAwait(false);
    }

    private static async Task NoZonesAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync($"trafficDistribution: PreferSameZone, {Http}").ConfigureAwait(false);
        await run.ReachesAllAsync(run.Servers[0], service.ClusterIp, 80, run.Servers).ConfigureAwait(false);
    }

    private static async Task LabelAsync(ServiceRun run, Place node, string zone)
    {
        await run.Run.Observer.PatchAsync(Kinds.Nodes, null, node.Name, ServiceRun.Label(Zone, zone), run.Cancel).ConfigureAwait(false);
        run.Run.Afterwards(() => run.Run.Observer.PatchAsync(Kinds.Nodes, null, node.Name, ServiceRun.Label(Zone, null), CancellationToken.None));
    }

    // Rules of the hints may come a moment after the first answer.
    private static Task OnlyAsync(ServiceRun run, Place from, Service service, IReadOnlyCollection<string> servers) =>
        run.Run.UntilAsync($"only {string.Join(" and ", servers)} answer {from.Name}", async () =>
        {
            var seen = new HashSet<string>();
            for (var i = 0; i < 16; i++)
                seen.Add((await run.AskAsync(from, service.ClusterIp, 80).ConfigureAwait(false)).ToString().Split(' ')[0]);
            return string.Join(' ', seen.Order(StringComparer.Ordinal));
        }, seen => seen == string.Join(' ', servers.Order(StringComparer.Ordinal)));
}
