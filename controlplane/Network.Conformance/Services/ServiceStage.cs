using System.Net;
using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.Services;

/// <summary>
/// What rows about services share: the lab's nodes, a host outside, and a server pod on each node that rows only read from. Made once a
/// run, because pods cost more than everything else.
/// </summary>
public sealed class ServiceStage
{
    /// <summary>An address range no node has, which the outside host sends to the first node.</summary>
    internal const string ExternalAddress = "203.0.113.7";

    private const string Label = "stage";

    private ServiceStage(string cluster, string ns, IReadOnlyList<Place> nodes, IReadOnlyList<Place> servers, Place outside)
    {
        Cluster = cluster;
        Namespace = ns;
        Nodes = nodes;
        Servers = servers;
        Outside = outside;
    }

    public string Cluster { get; }

    public string Namespace { get; }

    /// <summary>In the order of their names.</summary>
    public IReadOnlyList<Place> Nodes { get; }

    /// <summary>A pod on each node, in the order of the nodes.</summary>
    public IReadOnlyList<Place> Servers { get; }

    public Place Outside { get; }

    /// <summary>Selects the servers.</summary>
    internal static JsonObject Selector => new() { ["app"] = Label };

    /// <summary>The namespace is made by the runner before and removed after the run.</summary>
    internal static async Task<ServiceStage> OpenAsync(string cluster, CSharpClient client, string ns, CancellationToken cancel)
    {
        var listed = await client.ListAsync(Kinds.Nodes, null, Selection.Everything, cancel).ConfigureAwait(false);
        var nodes = listed["items"]!.AsArray().Select(node => NodeOf(cluster, node!)).OrderBy(node => node.Name, StringComparer.Ordinal).ToList();
        if (nodes.Count < 3)
            throw new ExpectationFailed($"lab {cluster} has {nodes.Count} nodes; rows about services need three (podnet up --nodes 3)");
        foreach (var node in nodes)
            await client.CreateAsync(Kinds.Pods, ns, Server($"server-{node.Name}", node.Name, Label), cancel).ConfigureAwait(false);
        var servers = new List<Place>();
        foreach (var node in nodes)
            servers.Add(await PodAsync(cluster, client, ns, $"server-{node.Name}", cancel).ConfigureAwait(false));
        var first = IPAddress.Parse(nodes[0].Address);
        var bytes = first.GetAddressBytes();
        bytes[3] = 190;
        var outside = OutsideHost.Ensure(cluster, "lan", (new IPAddress(bytes), 24), [(IPNetwork.Parse("203.0.113.0/24"), first)]);
        return new ServiceStage(cluster, ns, nodes, servers, outside);
    }

    /// <summary>A pod of podnet-sample bound to a node.</summary>
    internal static JsonObject Server(string name, string node, string label, string more = "", string container = "") => ScenarioRun.Yaml($$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {{name}}
          labels: {app: {{label}} }
        spec:
          nodeName: {{node}}
          terminationGracePeriodSeconds: 1
          containers: [{name: server, image: podnet-sample {{container}} }]
          {{more}}
        """);

    /// <summary>Waits for a pod to be ready.</summary>
    internal static async Task<Place> PodAsync(string cluster, CSharpClient client, string ns, string name, CancellationToken cancel)
    {
        while (true)
        {
            var pod = await client.GetAsync(Kinds.Pods, ns, name, null, cancel).ConfigureAwait(false);
            if (pod["status"]?["conditions"]?.AsArray().Any(condition => (string?)condition!["type"] == "Ready" && (string?)condition["status"] == "True") == true)
                return Place.Of(cluster, pod);
            await Task.Delay(20, cancel).ConfigureAwait(false);
        }
    }

    private static Place NodeOf(string cluster, JsonNode node)
    {
        var name = (string)node["metadata"]!["name"]!;
        var address = (string)node["status"]!["addresses"]!.AsArray().First(address => (string?)address!["type"] == "InternalIP")!["address"]!;
        return new Place(name, name, $"{cluster}-{name}", address);
    }
}
