namespace Network.Conformance.Services;

/// <summary>Clients that stay with their endpoint.</summary>
internal static class Affinity
{
    private const string Http = "ports: [{name: http, port: 80, targetPort: 8080}]", ByClient = "sessionAffinity: ClientIP";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        ServiceRow.New("affinity", "cluster address: pods and nodes stay with their endpoint", ClusterAddressAsync),
        ServiceRow.New("affinity", "node port: the outside host stays with its endpoint", NodePortAsync),
        ServiceRow.New("affinity", "switched on and off, cluster address", run => SwitchAsync(run, nodePort: false)),
        ServiceRow.New("affinity", "switched on and off, node port", run => SwitchAsync(run, nodePort: true)),
        ServiceRow.New("affinity", "forgotten after its timeout, kept while it is used", TimeoutAsync),
        ServiceRow.New("affinity", "a client moves on when its endpoint is gone", MovesOnAsync),
    ];

    private static async Task ClusterAddressAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync($"{ByClient}, {Http}").ConfigureAwait(false);
        foreach (var from in (Place[])[run.Servers[0], run.Servers[1], run.Nodes[0], run.Nodes[2]])
            await StaysAsync(run, from, service.ClusterIp, 80).ConfigureAwait(false);
    }

    private static async Task NodePortAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync($"type: NodePort, {ByClient}, {Http}").ConfigureAwait(false);
        await StaysAsync(run, run.Outside, run.Nodes[1].Address, service.NodePort).ConfigureAwait(false);
    }

    private static async Task SwitchAsync(ServiceRun run, bool nodePort)
    {
        var service = await run.ServiceAsync($"type: NodePort, {Http}").ConfigureAwait(false);
        var (from, address, port) = nodePort ? (run.Outside, run.Nodes[0].Address, service.NodePort) : (run.Servers[0], service.ClusterIp, 80);
        await run.ReachesAllAsync(from, address, port, run.Servers).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"sessionAffinity":"ClientIP"}}""").ConfigureAwait(false);
        await run.Run.UntilAsync("the client stays with one endpoint", async () => await ServersOfAsync(run, from, address, port, 16).ConfigureAwait(false) == 1).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"sessionAffinity":"None"}}""").ConfigureAwait(false);
        await run.Run.UntilAsync("the client is spread again", async () => await ServersOfAsync(run, from, address, port, 16).ConfigureAwait(false) > 1).ConfigureAwait(false);
    }

    private static async Task TimeoutAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync($"{ByClient}, sessionAffinityConfig: {{clientIP: {{timeoutSeconds: 2}}}}, {Http}").ConfigureAwait(false);
        var first = await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        for (var used = System.Diagnostics.Stopwatch.StartNew(); used.Elapsed < TimeSpan.FromSeconds(3);)
            Expect.Equal(first.Server, (await run.AskAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false)).Server, "who answers a client that keeps asking");
        var seen = new HashSet<string> { first.Server };
        for (var i = 0; i < 12 && seen.Count == 1; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(2.3), run.Cancel).ConfigureAwait(false);
            seen.Add((await run.AskAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false)).Server);
        }

        Expect.True(seen.Count > 1, "another endpoint after the timeout, within 12 times");
    }

    private static async Task MovesOnAsync(ServiceRun run)
    {
        var pods = new Dictionary<string, Place>();
        foreach (var (name, node) in (IEnumerable<(string, Place)>)[("one", run.Nodes[0]), ("two", run.Nodes[1])])
            pods.Add(name, await run.PodAsync(name, node).ConfigureAwait(false));
        var service = await run.OwnServiceAsync($"{ByClient}, {Http}").ConfigureAwait(false);
        var chosen = (await run.UntilAnsweredAsync(run.Servers[2], service.ClusterIp, 80).ConfigureAwait(false)).Server;
        await run.DeletePodAsync(chosen).ConfigureAwait(false);
        var other = pods.Keys.Single(name => name != chosen);
        await run.UntilAsync("an answer of the other pod", run.Servers[2], (service.ClusterIp, 80, false), answer => answer.Server == other).ConfigureAwait(false);
    }

    private static async Task StaysAsync(ServiceRun run, Place from, string address, int port)
    {
        await run.UntilAnsweredAsync(from, address, port).ConfigureAwait(false);
        Expect.Equal(1, (await run.AskManyAsync(16, from, address, port).ConfigureAwait(false)).Select(answer => answer.Server).Distinct().Count(), $"endpoints that answered {from.Name}");
    }

    private static async Task<int> ServersOfAsync(ServiceRun run, Place from, string address, int port, int count) =>
        (await run.AskManyAsync(count, from, address, port).ConfigureAwait(false)).Select(answer => answer.Server).Distinct().Count();
}
