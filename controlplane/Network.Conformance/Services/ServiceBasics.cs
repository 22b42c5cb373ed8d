using Network.Conformance.Clients;

namespace Network.Conformance.Services;

/// <summary>Cluster addresses, node ports and external addresses: who answers, and whom it sees.</summary>
internal static class ServiceBasics
{
    private const string Http = "{name: http, port: 80, targetPort: 8080}", Datagrams = "{name: udp, port: 81, targetPort: 8081, protocol: UDP}";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        ServiceRow.New("services", "a cluster address answers pods and nodes, with every endpoint", run => ClusterAddressAsync(run, false)),
        ServiceRow.New("services", "a cluster address answers pods and nodes, with every endpoint (UDP)", run => ClusterAddressAsync(run, true)),
        ServiceRow.New("services", "several ports, and one port of two protocols", PortsAsync),
        ServiceRow.New("services", "a node port answers at every node: outside host, pods, nodes", run => NodePortAsync(run, false)),
        ServiceRow.New("services", "a node port answers at every node: outside host, pods, nodes (UDP)", run => NodePortAsync(run, true)),
        ServiceRow.New("services", "a pod's address is preserved through the cluster address", SourceAsync),
        ServiceRow.New("services", "a pod reaches itself through its service", HairpinAsync),
        ServiceRow.New("services", "refused without endpoints: pods, nodes, node port from outside", RefusedAsync),
        ServiceRow.New("services", "refused when the only pod has failed", FailedPodAsync),
        ServiceRow.New("services", "an external address no node has: outside host and pods", ExternalAddressAsync),
        ServiceRow.New("services", "named target ports resolve to each pod's own number", NamedPortsAsync),
        ServiceRow.New("services", "a port of a restartable init container", SidecarAsync),
        ServiceRow.New("services", "pods that are not ready answer only with publishNotReadyAddresses", NotReadyAsync),
        ServiceRow.New("services", "a large answer comes whole, from another node", LargeAsync),
        ServiceRow.New("services", "pods of the host's network answer, and ask", HostNetworkAsync),
    ];

    private static async Task ClusterAddressAsync(ServiceRun run, bool udp)
    {
        var service = await run.ServiceAsync($"ports: [{(udp ? Datagrams : Http)}]").ConfigureAwait(false);
        foreach (var from in run.Servers.Concat(run.Nodes))
            await run.ReachesAllAsync(from, service.ClusterIp, udp ? 81 : 80, run.Servers, udp).ConfigureAwait(false);
    }

    private static async Task PortsAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync("ports: [{name: a, port: 80, targetPort: 8080}, {name: b, port: 8000, targetPort: 8080}, {name: c, port: 80, targetPort: 8081, protocol: UDP}]").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 8000).ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 80, udp: true).ConfigureAwait(false);
        Expect.True((await run.AskAsync(run.Servers[0], service.ClusterIp, 8001, patience: TimeSpan.FromMilliseconds(500)).ConfigureAwait(false)).Failure.Length > 0, "no answer at a port the service does not have");
    }

    private static async Task NodePortAsync(ServiceRun run, bool udp)
    {
        var service = await run.ServiceAsync($"type: NodePort, ports: [{(udp ? Datagrams : Http)}]").ConfigureAwait(false);
        foreach (var node in run.Nodes)
        {
            foreach (var from in (Place[])[run.Outside, run.Servers[0], run.Nodes[1]])
                await run.UntilAnsweredAsync(from, node.Address, service.NodePort, udp).ConfigureAwait(false);
        }

        await run.ReachesAllAsync(run.Outside, run.Nodes[0].Address, service.NodePort, run.Servers, udp).ConfigureAwait(false);
    }

    private static async Task SourceAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync($"ports: [{Http}]").ConfigureAwait(false);
        foreach (var from in run.Servers)
        {
            await run.UntilAnsweredAsync(from, service.ClusterIp, 80).ConfigureAwait(false);
            foreach (var answer in await run.AskManyAsync(12, from, service.ClusterIp, 80).ConfigureAwait(false))
            {
                // To itself it comes back under the node's address, else the answer would go past the rules.
                if (answer.Server != from.Name)
                    Expect.Equal(from.Address, answer.Client, $"address of {from.Name} as {answer.Server} sees it");
            }
        }
    }

    private static async Task HairpinAsync(ServiceRun run)
    {
        var pod = await run.PodAsync("own", run.Nodes[1]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"ports: [{Http}, {Datagrams}]").ConfigureAwait(false);
        Expect.Equal("own", (await run.UntilAnsweredAsync(pod, service.ClusterIp, 80).ConfigureAwait(false)).Server, "who answers TCP");
        Expect.Equal("own", (await run.UntilAnsweredAsync(pod, service.ClusterIp, 81, udp: true).ConfigureAwait(false)).Server, "who answers UDP");
    }

    private static async Task RefusedAsync(ServiceRun run)
    {
        var service = await run.OwnServiceAsync($"type: NodePort, ports: [{Http}, {Datagrams}]").ConfigureAwait(false);
        foreach (var from in (Place[])[run.Servers[0], run.Nodes[1]])
        {
            await run.UntilFailedAsync(Caller.Refused, from, service.ClusterIp, 80).ConfigureAwait(false);
            await run.UntilFailedAsync(Caller.Refused, from, service.ClusterIp, 81, udp: true).ConfigureAwait(false);
        }

        await run.UntilFailedAsync(Caller.Refused, run.Outside, run.Nodes[2].Address, service.NodePort).ConfigureAwait(false);
    }

    private static async Task FailedPodAsync(ServiceRun run)
    {
        await run.PodAsync("own", run.Nodes[0], "restartPolicy: Never").ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"ports: [{Http}]").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[1], service.ClusterIp, 80).ConfigureAwait(false);
        using (var socket = Caller.Open(run.Servers[1].NetNs, System.Net.Sockets.AddressFamily.InterNetwork, udp: false))
        {
            await socket.ConnectAsync(System.Net.IPAddress.Parse(service.ClusterIp), 80, run.Cancel).ConfigureAwait(false);
            await Caller.RequestAsync(socket, "exit?code=3", run.Cancel).ConfigureAwait(false);
        }

        await run.Run.UntilAsync("the pod has failed", () => run.Run.GetAsync(Kinds.Pods, "own"), pod => (string?)pod["status"]?["phase"] == "Failed").ConfigureAwait(false);
        foreach (var from in (Place[])[run.Servers[0], run.Nodes[2]])
            await run.UntilFailedAsync(Caller.Refused, from, service.ClusterIp, 80).ConfigureAwait(false);
    }

    private static async Task ExternalAddressAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync($"externalIPs: [{ServiceStage.ExternalAddress}], ports: [{{port: 8085, targetPort: 8080}}]").ConfigureAwait(false);
        await run.ReachesAllAsync(run.Outside, ServiceStage.ExternalAddress, 8085, run.Servers).ConfigureAwait(false);
        await run.ReachesAllAsync(run.Servers[1], ServiceStage.ExternalAddress, 8085, run.Servers).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"externalIPs":null}}""").ConfigureAwait(false);
        await run.UntilAsync("no answer", run.Servers[1], (ServiceStage.ExternalAddress, 8085, false), answer => answer.Failure.Length > 0).ConfigureAwait(false);
    }

    private static async Task NamedPortsAsync(ServiceRun run)
    {
        var near = await run.PodAsync("near", run.Nodes[0], "", ", ports: [{name: web, containerPort: 8080}]").ConfigureAwait(false);
        var far = await run.PodAsync("far", run.Nodes[1], "", ", args: [--http-port, '9090', --udp-port, '9091'], ports: [{name: web, containerPort: 9090}]").ConfigureAwait(false);
        var service = await run.OwnServiceAsync("ports: [{port: 80, targetPort: web}]").ConfigureAwait(false);
        await run.UntilAsync("an answer of the second pod", run.Servers[2], (service.ClusterIp, 80, false), answer => answer.Server == "far").ConfigureAwait(false);
        await run.ReachesAllAsync(run.Servers[2], service.ClusterIp, 80, [near, far]).ConfigureAwait(false);
    }

    private static async Task SidecarAsync(ServiceRun run)
    {
        await run.PodAsync("own", run.Nodes[0],
            "initContainers: [{name: side, image: podnet-sample, restartPolicy: Always, args: [--http-port, '9190', --udp-port, '9191'], ports: [{name: side, containerPort: 9190}]}]").ConfigureAwait(false);
        var service = await run.OwnServiceAsync("ports: [{port: 80, targetPort: side}]").ConfigureAwait(false);
        Expect.Equal("own", (await run.UntilAnsweredAsync(run.Servers[1], service.ClusterIp, 80).ConfigureAwait(false)).Server, "who answers");
    }

    private static async Task NotReadyAsync(ServiceRun run)
    {
        await run.StartPodAsync("own", run.Nodes[1], "", ", readinessProbe: {httpGet: {path: /no-such-path, port: 8080}, periodSeconds: 1}").ConfigureAwait(false);
        await run.Run.UntilAsync("the pod runs", () => run.Run.GetAsync(Kinds.Pods, "own"), pod => (string?)pod["status"]?["phase"] == "Running").ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"ports: [{Http}]").ConfigureAwait(false);
        await run.UntilFailedAsync(Caller.Refused, run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"publishNotReadyAddresses":true}}""").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
    }

    private static async Task LargeAsync(ServiceRun run)
    {
        await run.PodAsync("own", run.Nodes[2]).ConfigureAwait(false);
        var service = await run.OwnServiceAsync($"ports: [{Datagrams}]").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 81, udp: true).ConfigureAwait(false);
        // Larger than any MTU on the way, so it goes and comes in fragments.
        var text = new string('x', 1900);
        using var socket = Caller.Open(run.Servers[0].NetNs, System.Net.Sockets.AddressFamily.InterNetwork, udp: true);
        await socket.ConnectAsync(System.Net.IPAddress.Parse(service.ClusterIp), 81, run.Cancel).ConfigureAwait(false);
        Expect.Equal(text, await Caller.DatagramAsync(socket, $"echo {text}", run.Cancel).ConfigureAwait(false), "echo of 1,900 bytes");
    }

    private static async Task HostNetworkAsync(ServiceRun run)
    {
        var pod = await run.PodAsync("own", run.Nodes[1], "hostNetwork: true", ", args: [--http-port, '8180', --udp-port, '8181']").ConfigureAwait(false);
        Expect.Equal(run.Nodes[1].Address, pod.Address, "address of a pod of the host's network");
        var service = await run.OwnServiceAsync("ports: [{name: http, port: 80, targetPort: 8180}, {name: udp, port: 81, targetPort: 8181, protocol: UDP}]").ConfigureAwait(false);
        foreach (var from in (Place[])[run.Servers[0], run.Servers[1], run.Nodes[0], run.Nodes[1]])
        {
            await run.UntilAnsweredAsync(from, service.ClusterIp, 80).ConfigureAwait(false);
            // A program that answers datagrams from whatever address its node would send from does not answer those on its own node.
            if (from.Node != pod.Node)
                await run.UntilAnsweredAsync(from, service.ClusterIp, 81, udp: true).ConfigureAwait(false);
        }
    }
}
