using System.Text.Json.Nodes;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Diagnosis;

/// <summary>A cluster of two nodes with a pod on each and a service before the far one, for benchmarks of what looks at packets.</summary>
internal sealed class PairCluster : IDisposable
{
    internal const string Name = "benchlook";
    private const int Port = 5301;

    internal PairCluster()
    {
        Podnet = Path.Combine(Environment.GetEnvironmentVariable("PODNET_BIN") ?? "artifacts/bin-release", "podnet");
        Shell.Run(Podnet, "up", "--name", Name, "--nodes", "2", "--api-port", "17446");
        var kubeconfig = $"/var/lib/podnet/clusters/{Name}/kubeconfig";
        Shell.Run("kubectl", "--kubeconfig", kubeconfig, "apply", "-f", Path.Combine(SourceTree.Root, "labs/lib/manifests/pair.yaml"));
        Shell.Run("kubectl", "--kubeconfig", kubeconfig, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=30s");
        Server = Shell.Run("kubectl", "--kubeconfig", kubeconfig, "get", "pod", "web", "-o", "jsonpath={.status.podIP}").Trim();
    }

    internal string Podnet { get; }

    /// <summary>Address of the pod on w2.</summary>
    internal string Server { get; }

    /// <summary>iperf3 from the pod on w1 to the one on w2, in the background.</summary>
    internal Task<JsonNode> TrafficAsync(int seconds, params string[] arguments)
    {
        var server = Child.Start(new ChildSpec("iperf3", ["-s", "-1", "-p", $"{Port}"]) { NetNs = NetNsOf("w2_default_web") });
        Eventually.TrueAsync(() => Shell.RunIn(NetNsOf("w2_default_web"), "ss", "-Hltn", $"sport = :{Port}").Length > 0, TimeSpan.FromSeconds(10)).GetAwaiter().GetResult();
        return Task.Run(() =>
        {
            var text = Shell.RunIn(NetNsOf("w1_default_client"), "iperf3", ["-c", Server, "-p", $"{Port}", "-t", $"{seconds}", "-i", "1", "--json", .. arguments]);
            server.Wait();
            return JsonNode.Parse(text)!;
        });
    }

    /// <summary>The host's end of a pod's cable.</summary>
    internal string CableOf(string pod, string node)
    {
        var peer = JsonNode.Parse(Shell.RunIn(NetNsOf(pod), "ip", "-j", "link", "show", "eth0"))![0]!["link_index"]!.GetValue<int>();
        return JsonNode.Parse(Shell.RunIn($"{Name}-{node}", "ip", "-j", "link"))!.AsArray().First(link => link!["ifindex"]!.GetValue<int>() == peer)!["ifname"]!.GetValue<string>();
    }

    public void Dispose() => Shell.Run(Podnet, "down", "--name", Name);

    private static string NetNsOf(string pod) => Path.GetFileName(Directory.EnumerateFiles(NetNs.Directory, $"{Name}-{pod}_*").Single());
}
