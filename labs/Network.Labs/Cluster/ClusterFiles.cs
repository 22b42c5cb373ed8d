using System.Net;
using System.Text.Json.Nodes;
using Network.Api.Pki;
using Network.Labs.Fabric;
using Network.Labs.Topology;
using Network.Linux;

namespace Network.Labs.Cluster;

/// <summary>What an earlier <c>podnet up</c> built, and with which settings.</summary>
internal sealed record BuiltCluster(LabTopology Topology, int ApiPort, ClusterSettings Settings);

/// <summary>Certificates, kubeconfigs and the record of what was built.</summary>
internal sealed class ClusterFiles(ClusterSettings settings, Addressing addressing, ClusterPaths paths, TimeProvider time)
{
    internal void Write()
    {
        Directory.CreateDirectory(paths.Logs);
        var pki = ClusterPki.Open(paths.Pki, time);
        var server = addressing.AddressOf(settings.Topology.Server.Name);
        var inside = new Uri($"https://{server}:{ProcessPlan.ApiServerPort}");
        pki.ApiServer([server, settings.KubernetesService], "cluster.local");
        pki.KubeletClient();
        WriteKubeconfig(paths.Kubeconfig, "admin", new Uri($"https://127.0.0.1:{settings.ApiPort}"), pki, pki.Client("admin", "podnet-admin", "system:masters"));
        WriteKubeconfig($"{paths.Pki}/scheduler.kubeconfig", "scheduler", inside, pki, pki.Client("scheduler", "system:kube-scheduler"));
        WriteKubeconfig($"{paths.Pki}/controllers.kubeconfig", "controllers", inside, pki, pki.Client("controllers", "system:kube-controller-manager"));
        foreach (var node in settings.Topology.Agents)
        {
            Directory.CreateDirectory(paths.NodeDirectory(node.Name));
            WriteKubeconfig($"{paths.NodeDirectory(node.Name)}/kubeconfig", node.Name, inside, pki, pki.Node(node.Name));
            pki.NodeServing(node.Name, addressing.AddressOf(node.Name));
        }

        WriteRouters();
        Directory.CreateDirectory(paths.NodeDirectory(settings.Topology.Server.Name));
        WriteState();
    }

    /// <summary>What the underlay alone needs.</summary>
    internal void WriteUnderlay()
    {
        Directory.CreateDirectory(paths.Logs);
        WriteRouters();
        WriteState();
    }

    /// <summary>The record alone.</summary>
    internal void WriteState() => AtomicFile.Write(paths.State, Describe().ToJsonString());

    private void WriteRouters()
    {
        foreach (var router in settings.Topology.Bgp)
        {
            Directory.CreateDirectory(paths.NodeDirectory(router.Name));
            File.WriteAllText(BirdProgram.Configuration(paths, router.Name), BirdConfig.For(settings.Topology, addressing, router));
        }
    }

    /// <summary>What an earlier <c>podnet up</c> built; null when there is nothing.</summary>
    internal static BuiltCluster? Read(ClusterPaths paths)
    {
        if (!File.Exists(paths.State))
            return null;
        var state = JsonNode.Parse(File.ReadAllText(paths.State))!;
        var nodes = state["nodes"]!.AsArray().Select(node => new LabNode(node!["name"]!.GetValue<string>(), Enum.Parse<NodeRole>(node["role"]!.GetValue<string>()))
        {
            PodCidr = node["podCIDR"] is { } cidr ? IPNetwork.Parse(cidr.GetValue<string>()) : null,
        }).ToList();
        var links = state["links"]!.AsArray().Select(link => new LabLink(link!["name"]!.GetValue<string>(), IPNetwork.Parse(link["subnet"]!.GetValue<string>()),
            link["mtu"]!.GetValue<int>(), Texts(link["ends"]!))).ToList();
        var topology = new LabTopology(paths.Name, nodes, Texts(state["routers"]!), links)
        {
            PodCidr = IPNetwork.Parse(state["podCIDR"]!.GetValue<string>()),
            ServiceCidr = IPNetwork.Parse(state["serviceCIDR"]!.GetValue<string>()),
            Bgp = (state["bgp"]?.AsArray() ?? []).Select(router => new BgpRouter(router!["name"]!.GetValue<string>(), router["asn"]!.GetValue<uint>(), IPAddress.Parse(router["loopback"]!.GetValue<string>()))).ToList(),
        };
        var port = state["apiPort"]!.GetValue<int>();
        return new BuiltCluster(topology, port, new ClusterSettings(topology, state["binary"]?.GetValue<string>() ?? Environment.ProcessPath!)
        {
            ApiPort = port,
            Split = state["split"]?.GetValue<bool>() == true,
            CniBinaries = state["cniBinaries"]?.GetValue<string>() ?? Path.GetDirectoryName(Environment.ProcessPath!)!,
            ProxyMode = state["proxyMode"]?.GetValue<string>(),
            Arguments = (state["arguments"]?.AsObject() ?? []).ToDictionary(pair => pair.Key, pair => (IReadOnlyList<string>)Texts(pair.Value!)),
        });
    }

    private JsonObject Describe() => new()
    {
        ["apiPort"] = settings.ApiPort,
        ["split"] = settings.Split,
        ["binary"] = settings.Binary,
        ["cniBinaries"] = settings.CniBinaries,
        ["proxyMode"] = settings.ProxyMode,
        ["arguments"] = new JsonObject(settings.Arguments.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)Array(pair.Value)))),
        ["podCIDR"] = settings.Topology.PodCidr.ToString(),
        ["serviceCIDR"] = settings.Topology.ServiceCidr.ToString(),
        ["nodes"] = new JsonArray(settings.Topology.Nodes.Select(node => (JsonNode)new JsonObject
        {
            ["name"] = node.Name,
            ["role"] = node.Role.ToString(),
            ["podCIDR"] = node.PodCidr?.ToString(),
        }).ToArray()),
        ["routers"] = Array(settings.Topology.Routers),
        ["bgp"] = new JsonArray(settings.Topology.Bgp.Select(router => (JsonNode)new JsonObject
        {
            ["name"] = router.Name,
            ["asn"] = router.Asn,
            ["loopback"] = router.Loopback.ToString(),
        }).ToArray()),
        ["links"] = new JsonArray(settings.Topology.Links.Select(link => (JsonNode)new JsonObject
        {
            ["name"] = link.Name,
            ["subnet"] = link.Subnet.ToString(),
            ["mtu"] = link.Mtu,
            ["ends"] = Array(link.Ends),
        }).ToArray()),
    };

    private static JsonArray Array(IEnumerable<string> values) => new(values.Select(value => (JsonNode)value).ToArray());

    private static List<string> Texts(JsonNode array) => array.AsArray().Select(item => item!.GetValue<string>()).ToList();

    private static void WriteKubeconfig(string path, string user, Uri server, ClusterPki pki, PemPair credentials) =>
        SecretFile.Write(path, Kubeconfig.Render("podnet", user, server, pki.AuthorityCertificate, credentials));
}
