using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Linux;

namespace Network.Conformance.Services;

/// <summary>Addresses of load balancers: given, announced to the segment, kept to whom they are for, and taken back.</summary>
internal static class LoadBalancers
{
    private const string Http = "ports: [{name: http, port: 80, targetPort: 8080}]", Finalizer = "service.kubernetes.io/load-balancer-cleanup";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        ServiceRow.New("load balancer", "an address is given and answers outside host, pods and nodes (TCP and UDP)", AnswersAsync),
        ServiceRow.New("load balancer", "type and ports change: the address goes, node ports stay", ChangesAsync),
        ServiceRow.New("load balancer", "the finalizer holds a deleted service until its address is free", FinalizerAsync),
        ServiceRow.New("load balancer", "source ranges keep others out, node ports excepted", SourceRangesAsync),
        ServiceRow.New("load balancer", "without node ports", WithoutNodePortsAsync),
        ServiceRow.New("load balancer", "affinity, policies Cluster and Local", AffinityAsync),
        ServiceRow.New("load balancer", "policy Local: the client's address is seen, the address follows the endpoints", LocalAsync),
        ServiceRow.New("load balancer", "UDP client follows when the server moves to another node", UdpMovesAsync),
        ServiceRow.New("load balancer", "a requested address is given; one that is taken or elsewhere is refused with an event", RequestAsync),
        ServiceRow.New("load balancer", "another load balancer's class is left alone, ipMode Proxy is not programmed", OtherClassAsync),
        ServiceRow.New("load balancer", "refused without endpoints and at ports it does not have; ping is answered", ClosedAsync),
    ];

    private static async Task<Service> BalancedAsync(ServiceRun run, string spec, bool own = false)
    {
        var service = own ? await run.OwnServiceAsync($"type: LoadBalancer, {spec}").ConfigureAwait(false) : await run.ServiceAsync($"type: LoadBalancer, {spec}").ConfigureAwait(false);
        return await GivenAsync(run, service).ConfigureAwait(false);
    }

    private static Task<Service> GivenAsync(ServiceRun run, Service service) =>
        run.Run.UntilAsync("an address is given", () => run.AgainAsync(service), now => now.Balanced is not null);

    private static async Task AnswersAsync(ServiceRun run)
    {
        var service = await BalancedAsync(run, "ports: [{name: http, port: 80, targetPort: 8080}, {name: udp, port: 80, targetPort: 8081, protocol: UDP}]").ConfigureAwait(false);
        Expect.Equal("VIP", (string?)service.Object["status"]!["loadBalancer"]!["ingress"]![0]!["ipMode"], "ipMode");
        await run.ReachesAllAsync(run.Outside, service.Balanced!, 80, run.Servers).ConfigureAwait(false);
        foreach (var from in (Place[])[run.Outside, run.Servers[0], run.Servers[2], run.Nodes[1]])
        {
            await run.UntilAnsweredAsync(from, service.Balanced!, 80).ConfigureAwait(false);
            await run.UntilAnsweredAsync(from, service.Balanced!, 80, udp: true).ConfigureAwait(false);
        }
    }

    private static async Task ChangesAsync(ServiceRun run)
    {
        var service = await run.ServiceAsync($"type: NodePort, {Http}").ConfigureAwait(false);
        var port = service.NodePort;
        service = await GivenAsync(run, await run.PatchAsync(service, """{"spec":{"type":"LoadBalancer"}}""").ConfigureAwait(false)).ConfigureAwait(false);
        Expect.Equal(port, service.NodePort, "node port of the service as it became a load balancer");
        var address = service.Balanced!;
        await run.UntilAnsweredAsync(run.Outside, address, 80).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"ports":[{"name":"http","port":8000,"targetPort":8080}]}}""").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Outside, address, 8000).ConfigureAwait(false);
        await run.UntilFailedAsync(Caller.Refused, run.Outside, address, 80).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"type":"ClusterIP"}}""").ConfigureAwait(false);
        service = await run.Run.UntilAsync("the address is taken back", () => run.AgainAsync(service), now => now.Balanced is null && !Finalizers(now).Contains(Finalizer)).ConfigureAwait(false);
        await run.UntilAsync("no answer", run.Outside, (address, 8000, false), answer => answer.Failure.Length > 0).ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[0], service.ClusterIp, 8000).ConfigureAwait(false);
    }

    private static async Task FinalizerAsync(ServiceRun run)
    {
        var service = await BalancedAsync(run, Http).ConfigureAwait(false);
        Expect.True(Finalizers(service).Contains(Finalizer), $"the finalizer {Finalizer}");
        await run.DeleteAsync(service).ConfigureAwait(false);
        await run.Run.UntilAsync("the service is gone", async () => (await run.Run.Observer.ListAsync(Kinds.Services, service.Namespace, new Selection { Fields = $"metadata.name={service.Name}" }, run.Cancel).ConfigureAwait(false))["items"]!.AsArray().Count == 0).ConfigureAwait(false);
        await run.UntilAsync("no answer", run.Outside, (service.Balanced!, 80, false), answer => answer.Failure.Length > 0).ConfigureAwait(false);
    }

    private static async Task SourceRangesAsync(ServiceRun run)
    {
        var service = await BalancedAsync(run, $"loadBalancerSourceRanges: [203.0.113.0/24], {Http}").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Outside, run.Nodes[0].Address, service.NodePort).ConfigureAwait(false);
        await run.UntilFailedAsync(Caller.Silent, run.Outside, service.Balanced!, 80).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"loadBalancerSourceRanges":["ADDRESS/32"]}}""".Replace("ADDRESS", run.Outside.Address, StringComparison.Ordinal)).ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Outside, service.Balanced!, 80).ConfigureAwait(false);
        await run.UntilFailedAsync(Caller.Silent, run.Servers[1], service.Balanced!, 80).ConfigureAwait(false);
        await run.PatchAsync(service, """{"spec":{"loadBalancerSourceRanges":null}}""").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Servers[1], service.Balanced!, 80).ConfigureAwait(false);
    }

    private static async Task WithoutNodePortsAsync(ServiceRun run)
    {
        var service = await BalancedAsync(run, $"allocateLoadBalancerNodePorts: false, {Http}").ConfigureAwait(false);
        Expect.True(service.Object["spec"]!["ports"]![0]!["nodePort"] is null, "no node port");
        await run.ReachesAllAsync(run.Outside, service.Balanced!, 80, run.Servers).ConfigureAwait(false);
    }

    private static async Task AffinityAsync(ServiceRun run)
    {
        var service = await BalancedAsync(run, $"sessionAffinity: ClientIP, {Http}").ConfigureAwait(false);
        foreach (var policy in (string[])["Cluster", "Local"])
        {
            await run.PatchAsync(service, """{"spec":{"externalTrafficPolicy":"POLICY"}}""".Replace("POLICY", policy, StringComparison.Ordinal)).ConfigureAwait(false);
            await run.UntilAnsweredAsync(run.Outside, service.Balanced!, 80).ConfigureAwait(false);
            await run.Run.UntilAsync("the client stays with one endpoint", async () =>
                (await run.AskManyAsync(12, run.Outside, service.Balanced!, 80).ConfigureAwait(false)).Select(answer => answer.Server).Distinct().Count() == 1).ConfigureAwait(false);
        }
    }

    private static async Task LocalAsync(ServiceRun run)
    {
        await run.PodAsync("one", run.Nodes[2]).ConfigureAwait(false);
        var service = await BalancedAsync(run, $"externalTrafficPolicy: Local, {Http}", own: true).ConfigureAwait(false);
        var answer = await run.UntilAnsweredAsync(run.Outside, service.Balanced!, 80).ConfigureAwait(false);
        Expect.Equal(run.Outside.Address, answer.Client, "address of the outside host as the pod sees it");
        await run.PodAsync("two", run.Nodes[0]).ConfigureAwait(false);
        await run.DeletePodAsync("one").ConfigureAwait(false);
        answer = await run.UntilAsync("an answer of the other node's pod", run.Outside, (service.Balanced!, 80, false), got => got.Server == "two").ConfigureAwait(false);
        Expect.Equal(run.Outside.Address, answer.Client, "address of the outside host as the other pod sees it");
    }

    private static async Task UdpMovesAsync(ServiceRun run)
    {
        await run.PodAsync("one", run.Nodes[0]).ConfigureAwait(false);
        var service = await BalancedAsync(run, "ports: [{name: udp, port: 81, targetPort: 8081, protocol: UDP}]", own: true).ConfigureAwait(false);
        using var socket = Caller.Open(run.Outside.NetNs, System.Net.Sockets.AddressFamily.InterNetwork, udp: true);
        await socket.ConnectAsync(System.Net.IPAddress.Parse(service.Balanced!), 81, run.Cancel).ConfigureAwait(false);
        await TrackedConnections.UntilAsync(run, socket, "one").ConfigureAwait(false);
        await run.PodAsync("two", run.Nodes[1]).ConfigureAwait(false);
        await run.DeletePodAsync("one").ConfigureAwait(false);
        await TrackedConnections.UntilAsync(run, socket, "two").ConfigureAwait(false);
    }

    private static async Task RequestAsync(ServiceRun run)
    {
        // The end of the lab's pool, which nobody gets who does not ask.
        var wanted = run.Outside.Address[..run.Outside.Address.LastIndexOf('.')] + ".253";
        var first = await BalancedAsync(run, $"loadBalancerIP: {wanted}, {Http}").ConfigureAwait(false);
        Expect.Equal(wanted, first.Balanced, "the address");
        await run.UntilAnsweredAsync(run.Outside, wanted, 80).ConfigureAwait(false);
        var second = await run.ServiceAsync($"type: LoadBalancer, loadBalancerIP: {wanted}, {Http}", $"{run.Run.Namespace}-b").ConfigureAwait(false);
        var elsewhere = await run.ServiceAsync($"type: LoadBalancer, loadBalancerIP: 198.51.100.1, {Http}", $"{run.Run.Namespace}-c").ConfigureAwait(false);
        await EventAsync(run, second, $"{first.Namespace}/{first.Name}").ConfigureAwait(false);
        await EventAsync(run, elsewhere, "is not in the pool").ConfigureAwait(false);
        Expect.True((await run.AgainAsync(second).ConfigureAwait(false)).Balanced is null, "no address for the second");
        await run.DeleteAsync(first).ConfigureAwait(false);
        Expect.Equal(wanted, (await GivenAsync(run, second).ConfigureAwait(false)).Balanced, "the address once the first is gone");
        await run.UntilAnsweredAsync(run.Outside, wanted, 80).ConfigureAwait(false);
    }

    private static async Task OtherClassAsync(ServiceRun run)
    {
        const string address = "203.0.113.9";
        var service = await run.ServiceAsync($"type: LoadBalancer, loadBalancerClass: example.com/other, {Http}").ConfigureAwait(false);
        await StatusAsync(run, service, address, "VIP").ConfigureAwait(false);
        await run.UntilAnsweredAsync(run.Outside, address, 80).ConfigureAwait(false);
        service = await StatusAsync(run, service, address, "Proxy").ConfigureAwait(false);
        await run.UntilAsync("no answer", run.Outside, (address, 80, false), answer => answer.Failure.Length > 0).ConfigureAwait(false);
        Expect.Equal(address, (await run.AgainAsync(service).ConfigureAwait(false)).Balanced, "the address the other gave");
        Expect.True(!Finalizers(service).Contains(Finalizer), "no finalizer of ours");
    }

    private static async Task ClosedAsync(ServiceRun run)
    {
        var service = await BalancedAsync(run, Http, own: true).ConfigureAwait(false);
        await run.UntilFailedAsync(Caller.Refused, run.Outside, service.Balanced!, 80).ConfigureAwait(false);
        await run.UntilFailedAsync(Caller.Refused, run.Outside, service.Balanced!, 81).ConfigureAwait(false);
        await run.Run.UntilAsync("an answer to ping", async () =>
            (await Command.RunAsync(new ChildSpec("busybox", ["ping", "-c", "1", "-W", "1", service.Balanced!]) { NetNs = run.Outside.NetNs }, null, run.Cancel).ConfigureAwait(false)).Exit.Code == 0).ConfigureAwait(false);
    }

    private static async Task<Service> StatusAsync(ServiceRun run, Service service, string address, string mode)
    {
        var body = new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = new JsonArray(new JsonObject { ["ip"] = address, ["ipMode"] = mode }) } } };
        await run.Run.Observer.PatchAsync(Kinds.Services, service.Namespace, service.Name, new Change("merge", body.ToJsonString(), "status"), run.Cancel).ConfigureAwait(false);
        return await run.AgainAsync(service).ConfigureAwait(false);
    }

    private static Task EventAsync(ServiceRun run, Service service, string text) => run.Run.UntilAsync($"an event on {service.Name} with \"{text}\"",
        async () => (await run.Run.Observer.ListAsync(Kinds.Events, service.Namespace, new Selection { Fields = $"involvedObject.name={service.Name}" }, run.Cancel).ConfigureAwait(false)).ToJsonString(),
        events => events.Contains("AllocationFailed", StringComparison.Ordinal) && events.Contains(text, StringComparison.Ordinal));

    private static List<string> Finalizers(Service service) => (service.Object["metadata"]!["finalizers"]?.AsArray() ?? []).Select(name => (string)name!).ToList();
}
