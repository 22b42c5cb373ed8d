using Network.Linux;

namespace Network.Conformance.Services;

/// <summary>Services that come, change and go, and rules that others take away.</summary>
internal static class ServiceLife
{
    private const string Http = "ports: [{name: http, port: 80, targetPort: 8080}]";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        ServiceRow.New("services", "up, down, and up again under the same address", UpAndDownAsync),
        ServiceRow.New("services", "ExternalName becomes ClusterIP, and back", run => ExternalNameAsync(run, "ClusterIP")),
        ServiceRow.New("services", "ExternalName becomes NodePort, and back", run => ExternalNameAsync(run, "NodePort")),
        ServiceRow.New("services", "a node port in use or out of range is refused, and free once released", NodePortCollisionAsync),
        ServiceRow.New("services", "label service-proxy-name takes a service from the proxy, and gives it back", run => LabelAsync(run, "service.kubernetes.io/service-proxy-name", "other")),
        ServiceRow.New("services", "label headless takes a service from the proxy, and gives it back", run => LabelAsync(run, "service.kubernetes.io/headless", "")),
        ServiceRow.New("services", "target port changes under a running service", TargetPortAsync),
        ServiceRow.New("services", "selector moves from one pod to another", SelectorAsync),
        ServiceRow.New("services", "rules deleted by hand come back, services others than those keep answering", FlushedAsync) with { Alone = true },
    ];

    private static async Task UpAndDownAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync(Http).ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        await run.DeleteAsync(service).ConfigureAwait(false);
        await run.UntilAsync("no answer", run.Servers[0], (service.ClusterIp, 80, false), answer => answer.Failure.Length > 0).ConfigureAwait(false);
        var again = await run.ServiceAsync($"clusterIP: {service.ClusterIp}, {Http}").ConfigureAwait(false);
        Expect.Equal(service.ClusterIp, again.ClusterIp, "address of the service made again");
        foreach (var from in run.Servers.Concat(run.Nodes))
            await run.UntilAnsweredAsync(from, again.ClusterIp, 80).ConfigureAwait(false);
    }

    private static async Task ExternalNameAsync(ServiceRun run, string type)
    {
        var service = await run.ServiceAsync("type: ExternalName, externalName: elsewhere.example").ConfigureAwait(false);
        service = await run.PatchAsync(service, """{"spec":{"type":"TYPE","externalName":null,"ports":[{"port":80,"targetPort":8080}]}}""".Replace("TYPE", type, StringComparison.Ordinal)).ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[1], service.ClusterIp, 80).ConfigureAwait(false);
        if (type == "NodePort")
            await run.UntilAnsweredAsync(run.Outside, run.Nodes[1].Address, service.NodePort).ConfigureAwait(false);
        var former = service;
        service = await run.PatchAsync(service, """{"spec":{"type":"ExternalName","externalName":"elsewhere.example","clusterIP":null,"clusterIPs":null,"ports":null}}""").ConfigureAwait(false);
        Expect.True(service.Object["spec"]!["clusterIP"] is null, "an ExternalName service has no address");
        await run.UntilAsync("no answer", run.Servers[1], (former.ClusterIp, 80, false), answer => answer.Failure.Length > 0).ConfigureAwait(false);
    }

    private static async Task NodePortCollisionAsync(ServiceRun run)
    {
        var first = await run.ServiceAsync($"type: NodePort, {Http}").ConfigureAwait(false);
        var wanted = $"type: NodePort, ports: [{{port: 80, targetPort: 8080, nodePort: {first.NodePort}}}]";
        var refusal = await Expect.RefusedAsync("Invalid", () => run.ServiceAsync(wanted, $"{run.Run.Namespace}-b"), "a second service with the node port").ConfigureAwait(false);
        Expect.Contains($"{first.NodePort}", refusal.Message, "the refusal");
        Expect.Contains("port is already allocated", refusal.Message, "the refusal");
        refusal = await Expect.RefusedAsync("Invalid", () => run.ServiceAsync("type: NodePort, ports: [{port: 80, nodePort: 80}]", $"{run.Run.Namespace}-c"), "a node port out of range").ConfigureAwait(false);
        Expect.Contains("port is not in the valid range", refusal.Message, "the refusal");
        await run.DeleteAsync(first).ConfigureAwait(false);
        var second = await run.ServiceAsync(wanted, $"{run.Run.Namespace}-d").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Outside, run.Nodes[0].Address, second.NodePort).ConfigureAwait(false);
    }

    private static async Task LabelAsync(ServiceRun run, string label, string value)
    {
        var service = await run.ServiceAsync(Http).ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        service = await run.PatchAsync(service, ServiceRun.Label(label, value)).ConfigureAwait(false);
        foreach (var from in (Place[])[run.Servers[0], run.Nodes[1]])
            await run.UntilAsync("no answer", from, (service.ClusterIp, 80, false), answer => answer.Failure.Length > 0).ConfigureAwait(false);
        await run.PatchAsync(service, ServiceRun.Label(label, null)).ConfigureAwait(false);
        foreach (var from in (Place[])[run.Servers[0], run.Nodes[1]])
            await run.UntilAnsweredAsync(from, service.ClusterIp, 80).ConfigureAwait(false);
    }

    private static async Task TargetPortAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync("ports: [{port: 80, targetPort: 8082}]").ConfigureAwait(false);
        await run.UntilFailedAsync(Caller.Refused, run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"ports":[{"port":80,"targetPort":8080}]}}""").ConfigureAwait(false);
        await run.ReachesAllAsync(run.Servers[0], service.ClusterIp, 80, run.Servers).ConfigureAwait(false);
    }

    private static async Task SelectorAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync(Http).ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[2], service.ClusterIp, 80).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"selector":{"app":"nobody"}}}""").ConfigureAwait(false);
        await run.UntilFailedAsync(Caller.Refused, run.Servers[2], service.ClusterIp, 80).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"selector":{"app":"stage"}}}""").ConfigureAwait(false);
        await run.ReachesAllAsync(run.Servers[2], service.ClusterIp, 80, run.Servers).ConfigureAwait(false);
    }

    private static async Task FlushedAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync($"type: NodePort, {Http}").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        var node = run.Nodes[0];
        // Whichever of the two the node uses; the other has nothing of ours.
        foreach (var flush in (string[])["nft delete table ip podnet-proxy", "iptables -t nat -F", "iptables -t filter -F KUBE-FORWARD"])
        {
            var words = flush.Split(' ');
            await Command.RunAsync(new ChildSpec(words[0], words[1..]) { NetNs = node.NetNs }, null, run.Cancel).ConfigureAwait(false);
        }

        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 80).ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Outside, node.Address, service.NodePort).ConfigureAwait(false);
        await run.ReachesAllAsync(run.Servers[0], service.ClusterIp, 80, run.Servers).ConfigureAwait(false);
    }
}
