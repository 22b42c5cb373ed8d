using Network.Labs.Topology;

namespace Network.Labs.Cluster;

/// <summary>A process to start: where, under which name, with which arguments.</summary>
internal sealed record PlannedProcess(string Name, string Machine, IReadOnlyList<string> Arguments, bool TakesApiSocket)
{
    /// <summary>What runs; null for podnet itself.</summary>
    public string? Program { get; init; }
}

/// <summary>Which processes make up a cluster, and the command line of each: what a person would type on a real machine. Pure.</summary>
internal static class ProcessPlan
{
    internal const int ApiServerPort = 6443;

    /// <summary>Verbs of podnet that together do what an agent does.</summary>
    internal static readonly string[] Parts = ["kubelet", "overlay", "proxy", "dns"];

    internal static IReadOnlyList<PlannedProcess> For(ClusterSettings settings, Addressing addressing, ClusterPaths paths)
    {
        var server = settings.Topology.Server.Name;
        string[] apiArguments = [.. ServerArguments(settings, addressing, paths)];
        // Routers first: nobody is reached before they have told each other the ways.
        var plan = Routers(settings.Topology, paths).ToList();
        if (settings.Split)
        {
            plan.Add(new PlannedProcess("apiserver", server, ["apiserver", .. apiArguments], true));
            plan.Add(new PlannedProcess("scheduler", server, ["scheduler", "--kubeconfig", $"{paths.Pki}/scheduler.kubeconfig"], false));
            plan.Add(new PlannedProcess("controllers", server,
                ["controllers", "--kubeconfig", $"{paths.Pki}/controllers.kubeconfig", "--cluster-cidr", settings.Topology.PodCidr.ToString(), "--root-ca", $"{paths.Pki}/ca.crt",
                    "--signing-key", $"{paths.Pki}/ca.key", "--service-account-key", $"{paths.Pki}/sa.key", .. BalancerArguments(settings)], false));
        }
        else
        {
            plan.Add(new PlannedProcess("server", server, ["server", .. apiArguments, "--cluster-cidr", settings.Topology.PodCidr.ToString(), .. BalancerArguments(settings)], true));
        }

        foreach (var node in settings.Topology.Agents)
        {
            var arguments = AgentArguments(settings, addressing, paths, node).ToList();
            foreach (var part in settings.Split ? Parts : ["agent"])
                plan.Add(new PlannedProcess($"{node.Name}/{part}", node.Name, [part, .. arguments], false));
        }

        return plan.Select(process => settings.Arguments.TryGetValue(process.Name, out var more) ? process with { Arguments = [.. process.Arguments, .. more] } : process).ToList();
    }

    /// <summary>Those the underlay itself needs.</summary>
    internal static IEnumerable<PlannedProcess> Routers(LabTopology topology, ClusterPaths paths) =>
        topology.Bgp.Select(router => new PlannedProcess(BirdProgram.ProcessOf(router.Name), router.Name, BirdProgram.Arguments(paths, router.Name), false)
        {
            Program = BirdProgram.Find(topology),
        });

    private static IEnumerable<string> ServerArguments(ClusterSettings settings, Addressing addressing, ClusterPaths paths) =>
    [
        "--data-dir", $"{paths.NodeDirectory(settings.Topology.Server.Name)}",
        "--pki-dir", paths.Pki,
        "--listen", $"{addressing.AddressOf(settings.Topology.Server.Name)}:{ApiServerPort}",
        "--service-cidr", settings.Topology.ServiceCidr.ToString(),
    ];

    private static string[] BalancerArguments(ClusterSettings settings) =>
        Addressing.BalancerPool(settings.Topology) is { } pool ? ["--load-balancer-pool", pool] : [];

    private static IEnumerable<string> AgentArguments(ClusterSettings settings, Addressing addressing, ClusterPaths paths, LabNode node) =>
    [
        "--node", node.Name,
        "--node-ip", addressing.AddressOf(node.Name).ToString(),
        "--kubeconfig", $"{paths.NodeDirectory(node.Name)}/kubeconfig",
        "--data-dir", paths.NodeDirectory(node.Name),
        "--image-store", ClusterPaths.Images,
        "--cni-bin-dir", settings.CniBinaries,
        "--cluster-cidr", settings.Topology.PodCidr.ToString(),
        "--service-cidr", settings.Topology.ServiceCidr.ToString(),
        "--cluster-dns", settings.ClusterDns.ToString(),
        "--client-ca", $"{paths.Pki}/ca.crt",
        "--tls-cert", $"{paths.Pki}/node-{node.Name}-serving.crt",
        "--tls-key", $"{paths.Pki}/node-{node.Name}-serving.key",
        "--cgroup-root", $"{paths.CgroupRoot}/{node.Name}",
        "--netns-prefix", paths.NetNs(node.Name),
        .. settings.ProxyMode is { } mode ? (string[])["--proxy-mode", mode] : [],
        .. node.PodCidr is { } cidr ? (string[])["--pod-cidr", cidr.ToString()] : [],
    ];
}
