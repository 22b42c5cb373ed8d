using System.CommandLine;
using Network.Labs.Cluster;
using Network.Labs.Topology;

namespace Network.Cli.Verbs;

/// <summary><c>podnet up</c>: a cluster of network-namespace nodes on this machine.</summary>
internal static class UpVerb
{
    internal static Command Create()
    {
        var name = Options.Cluster();
        var nodes = Options.Number("--nodes", "number of agents on one segment", 3);
        var topology = Options.Text("--topology", "file that names nodes, links and routers");
        var port = Options.Number("--api-port", "loopback port where kubectl reaches the API server", 6443);
        var split = new Option<bool>("--split") { Description = "one process a component instead of one a node" };
        var cni = Options.Text("--cni-bin-dir", "where podnet-cni is (default: beside podnet)");
        var proxyMode = Options.Text("--proxy-mode", "how service rules are written: nftables or iptables (default: nftables where the kernel can)");
        var underlay = new Option<bool>("--underlay") { Description = "only machines, links and routers; up without it starts the cluster on them" };
        var command = new Command("up", """
            build a cluster on this machine, each node a network namespace; running it again starts what is missing

            Examples:
              podnet up                          three agents on one segment
              podnet up --nodes 5 --name five
              podnet up --topology routed.yaml
              podnet up --topology fabric.yaml --underlay
            """) { name, nodes, topology, port, split, cni, proxyMode, underlay };
        command.SetAction(async (parsed, cancel) =>
        {
            var binary = Environment.ProcessPath!;
            var given = parsed.GetValue(topology);
            var lab = given is null ? LabTopology.Flat(parsed.GetValue(name)!, parsed.GetValue(nodes)) : TopologyFile.Read(given);
            if (given is null && parsed.GetValue(nodes) is < 1 or > 200)
                throw new ClusterException($"--nodes {parsed.GetValue(nodes)} is out of range; use 1 to 200");
            var plugins = parsed.GetValue(cni) ?? Path.GetDirectoryName(binary)!;
            if (!parsed.GetValue(underlay) && !File.Exists(Path.Combine(plugins, "podnet-cni")))
                throw new ClusterException($"no podnet-cni in {plugins}, so no pod would get an address; name its directory with --cni-bin-dir");
            var settings = new ClusterSettings(lab, binary)
            {
                ApiPort = parsed.GetValue(port),
                Split = parsed.GetValue(split),
                ProxyMode = parsed.GetValue(proxyMode),
                CniBinaries = plugins,
            };
            var up = new ClusterUp(settings, TimeProvider.System);
            if (parsed.GetValue(underlay))
            {
                Console.WriteLine($"underlay of {lab.Nodes.Count} nodes, {lab.Routers.Count} routers and {lab.Links.Count} links in {up.PlumbUnderlay().TotalSeconds:0.00} s; namespaces are called {lab.Name}-NODE");
                return 0;
            }

            Print(await up.RunAsync(Console.WriteLine, cancel).ConfigureAwait(false));
            return 0;
        });
        return command;
    }

    private static void Print(UpReport report)
    {
        Console.WriteLine($"{report.Nodes} nodes Ready in {report.NodesReady.TotalSeconds:0.00} s (API server {report.ApiReady.TotalSeconds:0.00} s), "
            + $"{report.ResidentBytes / 1024.0 / 1024.0:0} MB resident in all podnet processes");
        Console.WriteLine($"export KUBECONFIG={report.Kubeconfig}");
    }
}
