using System.Net;
using System.Text.Json;
using DnsClient;
using Network.EndToEnd.Tests.Cluster;
using Network.Kubelet.Images;
using Network.Labs.Cluster;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests.Dns;

/// <summary>Three nodes, an upstream outside the cluster, and pods that have dig, getent of glibc and busybox.</summary>
public sealed class DnsCluster : IAsyncLifetime
{
    internal const string Image = "podnet-dnsutils", Server = "10.96.0.10";
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);
    private readonly string _folder = Directory.CreateTempSubdirectory("podnet-dns-").FullName;
    private LabCluster? _lab;
    private Upstream? _upstream;

    internal LabCluster Lab => _lab!;

    internal Upstream Upstream => _upstream!;

    internal PartControl Parts => new(new ClusterPaths(Lab.Name));

    public async ValueTask InitializeAsync()
    {
        Requires.Tool("dig");
        Requires.Tool("dnsmasq");
        var building = BuildImageAsync();
        _lab = LabCluster.Up("--nodes", "3", "--split");
        _upstream = new Upstream($"{Lab.Name}-cp", "172.30.0.1");
        await _upstream.StartAsync();
        await building;
        foreach (var node in (string[])["w1", "w2", "w3"])
        {
            Parts.SetArguments($"{node}/dns", ["--corefile", Corefile()]);
            await Parts.StopAsync($"{node}/dns", CancellationToken.None);
            Parts.Start($"{node}/dns");
        }

        Kubectls.New.Try(Lab, DnsManifests.All(Upstream.Address), "apply", "-f", "-").OrThrow("kubectl apply");
        Lab.Kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=30s");
    }

    public async ValueTask DisposeAsync()
    {
        if (_upstream is not null)
            await _upstream.DisposeAsync();
        _lab?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Runs a script in a pod; a failure throws with its words.</summary>
    internal string Exec(string pod, string script) => Lab.Kubectl("exec", pod, "--", "sh", "-c", script);

    /// <summary>As Kubernetes' own tests probe: dig with the pod's search list over UDP, then over TCP. Both must say the same.</summary>
    /// <returns>The data of the answer's records, sorted.</returns>
    internal IReadOnlyList<string> Dig(string pod, string name, string type)
    {
        var output = Exec(pod, $"dig +notcp +short +search {name} {type}; echo ==; dig +tcp +short +search {name} {type}").Split("==\n");
        var (udp, tcp) = (Lines(output[0]), Lines(output[1]));
        Assert.Equal(udp, tcp);
        return udp;
    }

    /// <summary>Polls until the records of a name are these.</summary>
    internal async Task UntilAsync(string pod, string name, string type, params string[] records)
    {
        IReadOnlyList<string> last = [];
        await Eventually.TrueAsync(() => (last = Dig(pod, name, type)).SequenceEqual(records.Order(StringComparer.Ordinal)), s_soon,
            () => $"{name} {type}: expected {string.Join(", ", records)}, got {string.Join(", ", last)}");
    }

    /// <summary>Output of dig inside a pod's network, which needs no API server.</summary>
    internal string DigFrom(string pod, params string[] arguments) => Shell.RunIn(NetNsOf(pod), "dig", [$"@{Server}", "+tries=1", "+time=5", .. arguments]);

    /// <summary>Asks by DnsClient inside a pod's network.</summary>
    internal IDnsQueryResponse Ask(string pod, string name, QueryType type, bool tcp) => NetNs.Run(NetNsOf(pod),
        () => new LookupClient(new LookupClientOptions(IPAddress.Parse(Server)) { UseCache = false, UseTcpOnly = tcp, Retries = 0 }).Query(name, type));

    /// <summary>Queries of a node that went to other nodes since its rules were last written, as nft counts them.</summary>
    internal long AskedElsewhere(string node)
    {
        using var rules = JsonDocument.Parse(Shell.RunIn($"{Lab.Name}-{node}", "nft", "-j", "list", "table", "ip", "podnet-dns"));
        return rules.RootElement.GetProperty("nftables").EnumerateArray().Where(entry => entry.TryGetProperty("rule", out var rule)
                && rule.TryGetProperty("comment", out var comment) && comment.GetString() == "asked at other nodes")
            .Sum(entry => entry.GetProperty("rule").GetProperty("expr").EnumerateArray().Where(part => part.TryGetProperty("counter", out _))
                .Sum(part => part.GetProperty("counter").GetProperty("packets").GetInt64()));
    }

    /// <summary>Waits until queries of w1 stay there: its server is alive, and ten in a row are no one else's.</summary>
    internal async Task HereAsync()
    {
        await Eventually.TrueAsync(() =>
        {
            var before = AskedElsewhere("w1");
            for (var i = 0; i < 10; i++)
                Assert.Contains("10.96.77.77", DigFrom("asker", "+tries=2", "+time=1", "7web.default.svc.cluster.local", "A"));
            return AskedElsewhere("w1") == before;
        }, s_soon, () => "queries of w1 still go to other nodes");
    }

    internal string ClusterIp(string service) => Lab.Kubectl("get", "service", service, "-o", "jsonpath={.spec.clusterIP}");

    internal string PodIp(string pod) => Lab.Kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIP}");

    internal string NetNsOf(string pod) => Path.GetFileName(Directory.EnumerateFiles(NetNs.Directory, $"{Lab.Name}-*_default_{pod}_*").Single());

    internal static IReadOnlyList<string> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToList();

    private string Corefile()
    {
        var path = Path.Combine(_folder, "Corefile");
        File.WriteAllText(path, $$"""
            stub.test {
                errors
                forward . {{Upstream.Address}}
            }
            . {
                errors
                kubernetes cluster.local in-addr.arpa ip6.arpa {
                    pods insecure
                    fallthrough in-addr.arpa ip6.arpa
                }
                cache {
                    success 9984 3600 1
                    serve_stale 1h
                }
                forward . {{Upstream.Address}}
            }
            """);
        return path;
    }

    private static async Task BuildImageAsync()
    {
        var builder = new ImageBuilder(Image).AddFile("/bin/busybox", "/bin/busybox");
        foreach (var applet in (string[])["sh", "sleep", "cat", "hostname"])
            builder.AddLink($"/bin/{applet}", "/bin/busybox");
        foreach (var program in (string[])["dig", "getent"])
            await builder.AddProgramAsync($"/usr/bin/{program}", $"/usr/bin/{program}", CancellationToken.None);
        builder.AddText("/etc/nsswitch.conf", "hosts: files dns\n").AddDirectory("/tmp").BuildInto(new ImageStore(ClusterPaths.Images));
    }
}
