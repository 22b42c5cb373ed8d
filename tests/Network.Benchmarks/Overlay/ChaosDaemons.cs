using System.Text.Json.Nodes;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Overlay;

/// <summary>An overlay on both nodes, to be broken in the same ways whoever made it.</summary>
internal interface IChaosOverlay : IDisposable
{
    string Name { get; }

    /// <summary>The tunnel device on a node.</summary>
    string DeviceOf(BenchNode node);

    /// <summary>The daemon has programmed the other node.</summary>
    bool IsUp(BenchNode node);

    void Start(BenchNode node);

    void Kill(BenchNode node);

    /// <summary>A node's address became another one; what its administrator does about it beside the address itself.</summary>
    void Announce(BenchNode node, string address);

    /// <summary>The node leaves the network.</summary>
    void Remove(BenchNode node);

    /// <summary>It comes back with another range of pods.</summary>
    void Add(BenchNode node, string podCidr, string address);
}

/// <summary>Ours, with the nodes listed in a file.</summary>
internal sealed class PodnetOverlay : IChaosOverlay
{
    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-chaos").FullName;
    private readonly Dictionary<BenchNode, PodnetDaemon> _daemons;
    private readonly Dictionary<BenchNode, (string Pods, string Address)> _nodes;

    internal PodnetOverlay(IReadOnlyList<BenchNode> nodes)
    {
        _nodes = nodes.ToDictionary(node => node, node => (node.PodCidr, node.Address));
        Write();
        _daemons = nodes.ToDictionary(node => node, node => new PodnetDaemon(node, _folder, File));
    }

    public string Name => "podnet";

    private string File => Path.Combine(_folder, "network.json");

    public string DeviceOf(BenchNode node) => $"{node.Name}-bench";

    public bool IsUp(BenchNode node) => _daemons[node].Status()?["peers"] is JsonArray { Count: 1 } peers && peers[0]!["fault"] is null && peers[0]!["ways"]!.ToString().Length > 0;

    public void Start(BenchNode node) => _daemons[node].Start();

    public void Kill(BenchNode node) => _daemons[node].Kill();

    public void Announce(BenchNode node, string address)
    {
        _nodes[node] = (_nodes[node].Pods, address);
        Write();
    }

    public void Remove(BenchNode node)
    {
        Kill(node);
        _nodes.Remove(node);
        Write();
    }

    public void Add(BenchNode node, string podCidr, string address)
    {
        _nodes[node] = (podCidr, address);
        Write();
        Start(node);
    }

    public void Dispose()
    {
        foreach (var daemon in _daemons.Values)
            daemon.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Write() => PodnetDaemon.Write(File, PodnetDaemon.Describe(["10.98.0.0/16"], 7, _nodes.Select(node => (node.Key.Name, new[] { node.Value.Pods }, node.Value.Address))));
}

/// <summary>flanneld as FLANNELD names it, with Debian's etcd on the segment between the nodes.</summary>
internal sealed class FlannelOverlay : IChaosOverlay
{
    private const string Etcd = "http://192.0.2.254:2379", Prefix = "/coreos.com/network";
    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-flannel").FullName;
    private readonly Dictionary<BenchNode, Child> _daemons = [];
    private readonly ScratchNetNs _segment;
    private readonly Child _etcd;

    internal FlannelOverlay(ScratchNetNs segment, IReadOnlyList<BenchNode> nodes)
    {
        _segment = segment;
        _etcd = Child.Start(new ChildSpec("etcd", ["--data-dir", Path.Combine(_folder, "etcd"), "--listen-client-urls", Etcd, "--advertise-client-urls", Etcd, "--listen-peer-urls", "http://127.0.0.1:2380"])
        {
            NetNs = segment.Name,
            LogFile = Path.Combine(_folder, "etcd.log"),
        });
        Eventually.TrueAsync(() => TryEtcdctl("put", $"{Prefix}/config", """{"Network":"10.98.0.0/16","Backend":{"Type":"vxlan","VNI":7,"Port":4789}}"""),
            TimeSpan.FromSeconds(20), () => File.ReadAllText(Path.Combine(_folder, "etcd.log"))).GetAwaiter().GetResult();
        foreach (var node in nodes)
            Lease(node, node.PodCidr);
    }

    internal static string? Binary => Environment.GetEnvironmentVariable("FLANNELD");

    public string Name => "flanneld";

    public string DeviceOf(BenchNode node) => "flannel.7";

    public bool IsUp(BenchNode node) => node.Ns.Exec("ip", "route").Contains("dev flannel.7 onlink", StringComparison.Ordinal);

    public void Start(BenchNode node) => _daemons[node] = Child.Start(new ChildSpec(Binary!,
        [$"-etcd-endpoints={Etcd}", $"-etcd-prefix={Prefix}", "-iface=eth0", $"-subnet-file={SubnetFile(node)}", "-ip-masq"])
    {
        NetNs = node.Ns.Name,
        LogFile = Path.Combine(_folder, $"{node.Name}.log"),
    });

    public void Kill(BenchNode node)
    {
        if (!_daemons.Remove(node, out var daemon))
            return;
        daemon.Kill(Processes.SIGKILL);
        daemon.Wait();
    }

    // It reads its address when it starts; nobody would restart it for us.
    public void Announce(BenchNode node, string address)
    {
    }

    public void Remove(BenchNode node)
    {
        Kill(node);
        TryEtcdctl("del", $"{Prefix}/subnets/{node.PodCidr.Replace('/', '-')}");
    }

    public void Add(BenchNode node, string podCidr, string address)
    {
        Lease(node, podCidr);
        Start(node);
    }

    public void Dispose()
    {
        foreach (var node in _daemons.Keys.ToList())
            Kill(node);
        _etcd.Kill(Processes.SIGKILL);
        _etcd.Wait();
        Directory.Delete(_folder, recursive: true);
    }

    private string SubnetFile(BenchNode node) => Path.Combine(_folder, $"{node.Name}.env");

    // A daemon asks for the range that its file of an earlier life names.
    private void Lease(BenchNode node, string podCidr) => File.WriteAllText(SubnetFile(node),
        $"FLANNEL_NETWORK=10.98.0.0/16\nFLANNEL_SUBNET={podCidr.Replace(".0/", ".1/", StringComparison.Ordinal)}\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n");

    private bool TryEtcdctl(params string[] arguments) => Command.RunAsync(new ChildSpec("etcdctl", ["--endpoints", Etcd, .. arguments])
    {
        NetNs = _segment.Name,
        Environment = new Dictionary<string, string> { ["ETCDCTL_API"] = "3", ["PATH"] = Environment.GetEnvironmentVariable("PATH")! },
    }).GetAwaiter().GetResult().Succeeded;
}
