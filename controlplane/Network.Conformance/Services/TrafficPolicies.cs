using System.Net;
using System.Net.Sockets;

namespace Network.Conformance.Services;

/// <summary>internalTrafficPolicy and externalTrafficPolicy Local, and what nodes tell load balancers.</summary>
internal static class TrafficPolicies
{
    private const string Http = "ports: [{name: http, port: 80, targetPort: 8080}]";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        ServiceRow.New("policies", "internal Local: pods and nodes reach their own node's endpoint only", InternalAsync),
        ServiceRow.New("policies", "internal Local: silence where no endpoint is on the node", InternalSilentAsync),
        ServiceRow.New("policies", "internal Local: pods of the host's network, as client and as endpoint", InternalHostNetworkAsync),
        ServiceRow.New("policies", "internal Local leaves node ports alone", InternalNodePortAsync),
        ServiceRow.New("policies", "external Local: the client's address is seen, other nodes are silent, pods reach all", ExternalAsync),
        ServiceRow.New("policies", "external Local and back to Cluster", ExternalSwitchAsync),
        ServiceRow.New("policies", "health port of a balanced service: 200 with endpoints, 503 without, closed for Cluster", HealthPortAsync),
    ];

    /// <summary>The status of a node's health port; 0 when nothing listens.</summary>
    internal static async Task<int> HealthAsync(ServiceRun run, Place node, int port)
    {
        using var socket = Caller.Open(run.Outside.NetNs, AddressFamily.InterNetwork, udp: false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(run.Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(node.Address), port), limit.Token).ConfigureAwait(false);
            await socket.SendAsync("GET /healthz HTTP/1.1\r\nHost: node\r\n\r\n"u8.ToArray(), limit.Token).ConfigureAwait(false);
            var buffer = new byte[64];
            var count = await socket.ReceiveAsync(buffer.AsMemory(), limit.Token).ConfigureAwait(false);
            return count > 12 ? int.Parse(System.Text.Encoding.ASCII.GetString(buffer, 9, 3), System.Globalization.CultureInfo.InvariantCulture) : 0;
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !run.Cancel.IsCancellationRequested))
        {
            return 0;
        }
    }

    private static async Task InternalAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync($"internalTrafficPolicy: Local, {Http}").ConfigureAwait(false);
        foreach (var from in run.Servers.Concat(run.Nodes))
        {
            await run.UntilAnsweredAsync(from, service.ClusterIp, 80).ConfigureAwait(false);
            foreach (var answer in await run.AskManyAsync(8, from, service.ClusterIp, 80).ConfigureAwait(false))
                Expect.Equal($"server-{from.Node}", answer.Server, $"who answers {from.Name}");
        }
    }

    private static async Task InternalSilentAsync(ServiceRun run)
    {
        await run.PodAsync("own", run.Nodes[0]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"internalTrafficPolicy: Local, {Http}").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Nodes[0], service.ClusterIp, 80).ConfigureAwait(false);
        foreach (var from in (Place[])[run.Servers[1], run.Nodes[2]])
            await run.UntilFailedAsync(Caller.Silent, from, service.ClusterIp, 80).ConfigureAwait(false);
    }

    private static async Task InternalHostNetworkAsync(ServiceRun run)
    {
        var pod = await run.PodAsync("own", run.Nodes[0], "hostNetwork: true", ", args: [--http-port, '8280', --udp-port, '8281']").ConfigureAwait(false);
        var service = await run.OwnServiceAsync("internalTrafficPolicy: Local, ports: [{port: 80, targetPort: 8280}]").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        await run.UntilAnsweredAsync(pod, service.ClusterIp, 80).ConfigureAwait(false);
        await run.UntilFailedAsync(Caller.Silent, run.Nodes[1], service.ClusterIp, 80).ConfigureAwait(false);
    }

    private static async Task InternalNodePortAsync(ServiceRun run)
    {
        await run.PodAsync("own", run.Nodes[0]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"type: NodePort, internalTrafficPolicy: Local, {Http}").ConfigureAwait(false);
        foreach (var node in run.Nodes)
            await run.UntilAnsweredAsync(run.Outside, node.Address, service.NodePort).ConfigureAwait(false);
    }

    private static async Task ExternalAsync(ServiceRun run)
    {
        await run.PodAsync("own", run.Nodes[1]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"type: NodePort, externalTrafficPolicy: Local, {Http}").ConfigureAwait(false);
        Expect.Equal(run.Outside.Address, (await run.UntilAnsweredAsync(run.Outside, run.Nodes[1].Address, service.NodePort).ConfigureAwait(false)).Client, "address of the outside host as the pod sees it");
        foreach (var node in (Place[])[run.Nodes[0], run.Nodes[2]])
        {
            await run.UntilFailedAsync(Caller.Silent, run.Outside, node.Address, service.NodePort).ConfigureAwait(false);
            // What comes from within goes to any endpoint, by whatever node's port.
            var inside = run.Servers.Single(server => server.Node == node.Name);
            Expect.Equal("own", (await run.UntilAnsweredAsync(inside, node.Address, service.NodePort).ConfigureAwait(false)).Server, "who answers a pod");
            Expect.Equal("own", (await run.UntilAnsweredAsync(node, node.Address, service.NodePort).ConfigureAwait(false)).Server, "who answers the node");
        }
    }

    private static async Task ExternalSwitchAsync(ServiceRun run)
    {
        await run.PodAsync("own", run.Nodes[1]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"type: NodePort, externalTrafficPolicy: Local, {Http}").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Outside, run.Nodes[1].Address, service.NodePort).ConfigureAwait(false);
        await run.UntilFailedAsync(Caller.Silent, run.Outside, run.Nodes[0].Address, service.NodePort).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"externalTrafficPolicy":"Cluster"}}""").ConfigureAwait(false);
        var answer = await run.UntilAnsweredAsync(run.Outside, run.Nodes[0].Address, service.NodePort).ConfigureAwait(false);
        Expect.True(answer.Client != run.Outside.Address, $"another address than the outside host's with policy Cluster, got {answer}");
    }

    private static async Task HealthPortAsync(ServiceRun run)
    {
        await run.PodAsync("own", run.Nodes[1]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"type: LoadBalancer, externalTrafficPolicy: Local, {Http}").ConfigureAwait(false);
        Expect.True(service.HealthPort > 0, "a healthCheckNodePort");
        await run.Run.UntilAsync("200 where the endpoint is", () => HealthAsync(run, run.Nodes[1], service.HealthPort), code => code == 200).ConfigureAwait(false);
        await run.Run.UntilAsync("503 where none is", () => HealthAsync(run, run.Nodes[0], service.HealthPort), code => code == 503).ConfigureAwait(false);
        var port = service.HealthPort;
        service = await run.PatchAsync(service, """{"spec":{"externalTrafficPolicy":"Cluster"}}""").ConfigureAwait(false);
        Expect.Equal(0, service.HealthPort, "healthCheckNodePort with policy Cluster");
        await run.Run.UntilAsync("nobody listens with policy Cluster", () => HealthAsync(run, run.Nodes[1], port), code => code == 0).ConfigureAwait(false);
    }
}
