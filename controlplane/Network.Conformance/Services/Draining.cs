namespace Network.Conformance.Services;

/// <summary>Endpoints that are about to end: used only where nothing better is.</summary>
internal static class Draining
{
    private const string Http = "ports: [{name: http, port: 80, targetPort: 8080}]";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        ServiceRow.New("policies", "a terminating endpoint is left out while another is ready", LeftOutAsync),
        ServiceRow.New("policies", "only terminating endpoints: cluster address and node port fall back", run => FallBackAsync(run, "")),
        ServiceRow.New("policies", "only terminating endpoints: internal Local falls back", InternalAsync),
        ServiceRow.New("policies", "only terminating endpoints: external Local falls back, its health port says 503", ExternalAsync),
        ServiceRow.New("policies", "external Local falls back on a node although another node has ready ones", MixedAsync),
        ServiceRow.New("policies", "an open connection to a terminating endpoint goes on", OpenConnectionAsync),
    ];

    private static async Task LeftOutAsync(ServiceRun run)
    {
        await run.LingeringPodAsync("going", run.Nodes[0]).ConfigureAwait(false);
        await run.PodAsync("staying", run.Nodes[1]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync(Http).ConfigureAwait(false);
        await run.UntilAsync("an answer of the one", run.Servers[2], (service.ClusterIp, 80, false), answer => answer.Server == "going").ConfigureAwait(false);
        await run.DeletePodAsync("going", 60).ConfigureAwait(false);
        await run.Run.UntilAsync("only the other answers", async () =>
            (await run.AskManyAsync(12, run.Servers[2], service.ClusterIp, 80).ConfigureAwait(false)).All(answer => answer.Server == "staying")).ConfigureAwait(false);
    }

    private static async Task FallBackAsync(ServiceRun run, string policy)
    {
        await run.LingeringPodAsync("going", run.Nodes[0]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"type: NodePort, {policy} {Http}").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[1], service.ClusterIp, 80).ConfigureAwait(false);
        await run.DeletePodAsync("going", 60).ConfigureAwait(false);
        await TerminatingAsync(run, service).ConfigureAwait(false);
        await run.AskManyAsync(4, run.Servers[1], service.ClusterIp, 80).ConfigureAwait(false);
        await run.AskManyAsync(4, run.Outside, run.Nodes[2].Address, service.NodePort).ConfigureAwait(false);
    }

    private static async Task InternalAsync(ServiceRun run)
    {
        await run.LingeringPodAsync("going", run.Nodes[0]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"internalTrafficPolicy: Local, {Http}").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        await run.DeletePodAsync("going", 60).ConfigureAwait(false);
        await TerminatingAsync(run, service).ConfigureAwait(false);
        await run.AskManyAsync(4, run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        await run.UntilFailedAsync(Caller.Silent, run.Servers[1], service.ClusterIp, 80).ConfigureAwait(false);
    }

    private static async Task ExternalAsync(ServiceRun run)
    {
        await run.LingeringPodAsync("going", run.Nodes[0]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"type: LoadBalancer, externalTrafficPolicy: Local, {Http}").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Outside, run.Nodes[0].Address, service.NodePort).ConfigureAwait(false);
        await run.DeletePodAsync("going", 60).ConfigureAwait(false);
        await run.Run.UntilAsync("the health port says 503", () => TrafficPolicies.HealthAsync(run, run.Nodes[0], service.HealthPort), code => code == 503).ConfigureAwait(false);
        Expect.Equal(run.Outside.Address, (await run.AskManyAsync(4, run.Outside, run.Nodes[0].Address, service.NodePort).ConfigureAwait(false))[0].Client, "address of the outside host as the pod sees it");
    }

    private static async Task MixedAsync(ServiceRun run)
    {
        await run.LingeringPodAsync("going", run.Nodes[0]).ConfigureAwait(false);
        await run.PodAsync("staying", run.Nodes[1]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"type: NodePort, externalTrafficPolicy: Local, {Http}").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Outside, run.Nodes[0].Address, service.NodePort).ConfigureAwait(false);
        await run.DeletePodAsync("going", 60).ConfigureAwait(false);
        await TerminatingAsync(run, service).ConfigureAwait(false);
        Expect.Equal("going", (await run.UntilAnsweredAsync(run.Outside, run.Nodes[0].Address, service.NodePort).ConfigureAwait(false)).Server, "who answers at the node of the terminating one");
        Expect.Equal("staying", (await run.UntilAnsweredAsync(run.Outside, run.Nodes[1].Address, service.NodePort).ConfigureAwait(false)).Server, "who answers at the other node");
    }

    private static async Task OpenConnectionAsync(ServiceRun run)
    {
        await run.LingeringPodAsync("going", run.Nodes[0]).ConfigureAwait(false);
        await run.PodAsync("staying", run.Nodes[1]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync(Http).ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[2], service.ClusterIp, 80).ConfigureAwait(false);
        System.Net.Sockets.Socket socket;
        while (true)
        {
            socket = Caller.Open(run.Servers[2].NetNs, System.Net.Sockets.AddressFamily.InterNetwork, udp: false);
            await socket.ConnectAsync(System.Net.IPAddress.Parse(service.ClusterIp), 80, run.Cancel).ConfigureAwait(false);
            if (await Caller.RequestAsync(socket, "hostname", run.Cancel).ConfigureAwait(false) == "going")
                break;
            socket.Dispose();
        }

        using (socket)
        {
            await run.DeletePodAsync("going", 60).ConfigureAwait(false);
            await TerminatingAsync(run, service).ConfigureAwait(false);
            for (var i = 0; i < 5; i++)
                Expect.Equal("going", await Caller.RequestAsync(socket, "hostname", run.Cancel).ConfigureAwait(false), "who answers on the open connection");
        }
    }

    // The slice says so, and the proxies have had the time of a whole question.
    private static Task TerminatingAsync(ServiceRun run, Service service) => run.Run.UntilAsync("the endpoint is terminating",
        async () => (await run.Run.Observer.ListAsync(Clients.Kinds.EndpointSlices, service.Namespace, new Clients.Selection { Labels = $"kubernetes.io/service-name={service.Name}" }, run.Cancel).ConfigureAwait(false)).ToJsonString(),
        text => text.Contains("\"terminating\":true", StringComparison.Ordinal));
}
