using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Network.Client;
using Network.Host.Proxy;
using Network.ServiceProxy.Explain;

namespace Network.Cli.Verbs;

/// <summary><c>podnet svc explain</c>: a service as one node's kernel sees it.</summary>
internal static class SvcVerb
{
    internal static Command Create() => new("svc", "look at services") { Explain() };

    private static Command Explain()
    {
        var service = new Argument<string>("service") { Description = "[namespace/]name" };
        var kubeconfig = Options.Text("--kubeconfig", "how to reach the API server", Environment.GetEnvironmentVariable("KUBECONFIG") ?? "/etc/kubernetes/admin.conf");
        var node = Options.Text("--node", "the node's name", Environment.MachineName.ToLowerInvariant());
        var netNs = Options.Text("--netns", "the node's network namespace, when it is not this process's");
        var from = Options.Address("--from", "who sends; a pod of the node unless given");
        var output = new Option<string>("--output", "-o") { Description = "text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command("explain", """
            walk a packet to a service through the rules in this node's kernel: each rule it takes, where it may go, which endpoints
            are in or out and why, and how many connections have come

            Examples:
              podnet svc explain kube-system/kube-dns --node w1 --netns podnet-w1
              podnet svc explain web --from 192.0.2.254 -o json
            """) { service, kubeconfig, node, netNs, from, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var parts = parsed.GetValue(service)!.Split('/', 2);
            using var client = new ApiClient(ApiEndpoint.FromKubeconfig(parsed.GetValue(kubeconfig)!));
            var ports = await ServiceQuery.ExplainAsync(client, parts.Length == 2 ? (parts[0], parts[1]) : ("default", parts[0]),
                (parsed.GetValue(node)!, parsed.GetValue(netNs)), parsed.GetValue(from), cancel).ConfigureAwait(false);
            if (ports.Count == 0)
                Console.Error.WriteLine($"service {parsed.GetValue(service)} is programmed on no node: headless, ExternalName, without a cluster IP, or another proxy's");
            else if (parsed.GetValue(output) == "json")
                Console.WriteLine(new JsonArray(ports.Select(Json).ToArray()).ToJsonString());
            else
                Show(ports);
            return ports.Count == 0 ? 1 : 0;
        });
        return command;
    }

    private static void Show(IReadOnlyList<ServiceExplanation> ports)
    {
        foreach (var port in ports)
        {
            Console.WriteLine($"{port.Port.Id} {port.Port.ProtocolName} ({port.Mode.ToString().ToLowerInvariant()})");
            foreach (var reason in port.Endpoints)
                Console.WriteLine($"  endpoint {new System.Net.IPEndPoint(reason.Endpoint.Address, reason.Endpoint.Port)} {reason.Endpoint.Target} {(reason.InCluster ? "in" : "out")}{(reason.InLocal ? ", in on this node" : "")}: {reason.Why}");
            foreach (var front in port.Fronts)
            {
                var count = front.Connections is { } connections ? $", {connections.ToString(CultureInfo.InvariantCulture)} connections" : "";
                Console.WriteLine($"  {front.Kind}: {front.Packet} -> {front.Outcome}{count}");
                foreach (var step in front.Steps)
                    Console.WriteLine($"    {step}");
            }
        }
    }

    private static JsonNode Json(ServiceExplanation port) => new JsonObject
    {
        ["port"] = port.Port.Key,
        ["mode"] = port.Mode.ToString().ToLowerInvariant(),
        ["endpoints"] = new JsonArray(port.Endpoints.Select(reason => (JsonNode)new JsonObject
        {
            ["address"] = new System.Net.IPEndPoint(reason.Endpoint.Address, reason.Endpoint.Port).ToString(),
            ["pod"] = reason.Endpoint.Target,
            ["inCluster"] = reason.InCluster,
            ["inLocal"] = reason.InLocal,
            ["why"] = reason.Why,
        }).ToArray()),
        ["fronts"] = new JsonArray(port.Fronts.Select(front => (JsonNode)new JsonObject
        {
            ["kind"] = front.Kind,
            ["packet"] = front.Packet.ToString(),
            ["outcome"] = front.Outcome.ToString(),
            ["connections"] = front.Connections,
            ["steps"] = new JsonArray(front.Steps.Select(step => (JsonNode)JsonValue.Create(step)).ToArray()),
        }).ToArray()),
    };
}
