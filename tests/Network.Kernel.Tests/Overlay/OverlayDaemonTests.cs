using System.Net;
using Network.Linux;
using Network.Netlink;
using Network.Overlay;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Overlay;

/// <summary>Three nodes on one Ethernet segment; pods ping across, and somebody keeps breaking things.</summary>
public sealed class OverlayDaemonTests : IAsyncLifetime
{
    private static readonly TimeSpan s_repair = TimeSpan.FromSeconds(5);
    private readonly List<OverlayNode> _nodes = [];
    private ScratchNetNs _segment = null!;

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Tool("busybox");
        _segment = new ScratchNetNs("segment");
        _segment.Exec("ip", "link", "add", "lan", "up", "type", "bridge");
        _segment.Exec("ip", "address", "add", "192.0.2.254/24", "dev", "lan");
        for (var number = 1; number <= 3; number++)
        {
            _nodes.Add(new OverlayNode(_segment, number));
            await _nodes[^1].StartAsync();
        }

        await ApplyEverywhereAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        _segment?.Dispose();
    }

    [Fact]
    public void Pods_reach_pods_on_every_other_node_and_the_first_packet_arrives()
    {
        var pods = _nodes.Select(node => node.AddPod()).ToList();

        for (var from = 0; from < 3; from++)
        {
            for (var to = 1; to <= 3; to++)
                Ping(pods[from], $"10.244.{to}.2");
        }

        Ping(_nodes[0].Ns, "10.244.2.2");
    }

    [Fact]
    public void Full_size_packets_fit_and_larger_ones_do_not_leave_the_pod()
    {
        var pod = _nodes[0].AddPod();
        _nodes[1].AddPod();

        Assert.Equal(1450, _nodes[0].Daemon.LocalVtep!.Mtu);
        pod.Exec("busybox", "ping", "-c1", "-W2", "-s1422", "10.244.2.2");
        Assert.Contains("mtu 1450", pod.Exec("ip", "link", "show", "eth0"));
    }

    [Fact]
    public async Task On_the_wire_it_is_VXLAN_with_our_VNI_and_pods_keep_their_addresses()
    {
        Requires.Tool("tshark");
        var pod = _nodes[0].AddPod();
        _nodes[1].AddPod();
        var path = Path.GetTempFileName();
        using (var output = FileDescriptor.Open(path, write: true))
        {
            var capture = Child.Start(new ChildSpec("tshark",
                ["-l", "-i", "lan", "-c", "2", "-a", "duration:20", "-f", "udp port 4789", "-T", "fields",
                    "-e", "vxlan.vni", "-e", "udp.dstport", "-e", "ip.src", "-e", "ip.dst"])
            { NetNs = _segment.Name, StandardOutput = output });
            var captured = capture.WaitAsync();
            await Eventually.TrueAsync(() =>
            {
                Ping(pod, "10.244.2.2");
                return captured.IsCompleted;
            }, TimeSpan.FromSeconds(20));
        }

        var lines = File.ReadAllLines(path);
        File.Delete(path);
        Assert.Contains("77\t4789\t192.0.2.1,10.244.1.2\t192.0.2.2,10.244.2.2", lines);
        Assert.Contains("77\t4789\t192.0.2.2,10.244.2.2\t192.0.2.1,10.244.1.2", lines);
    }

    [Fact]
    public void Outside_the_cluster_the_pod_appears_as_its_node()
    {
        var pod = _nodes[0].AddPod();

        // The segment knows no way to 10.244/16, so an answer proves the source was the node's.
        Ping(pod, "192.0.2.254");
        Ping(pod, "192.0.2.2");
    }

    [Fact]
    public async Task Traffic_goes_on_without_daemons_and_restart_adopts_without_touching_the_device()
    {
        var pod = _nodes[0].AddPod();
        _nodes[1].AddPod();
        var before = _nodes[0].Ns.Exec("ip", "-o", "link", "show", "w1-vx");
        var mac = _nodes[0].Mac;
        foreach (var node in _nodes)
            await node.AbandonAsync();
        Ping(pod, "10.244.2.2");

        await _nodes[0].StartAsync();

        // Peers are not known yet: what an earlier run programmed must stay.
        Ping(pod, "10.244.2.2");
        Assert.Equal(mac, _nodes[0].Mac);
        Assert.Equal(before, _nodes[0].Ns.Exec("ip", "-o", "link", "show", "w1-vx"));
        foreach (var node in _nodes.Skip(1))
            await node.StartAsync();
        await ApplyEverywhereAsync();
        Assert.Equal(0, _nodes[0].Daemon.Repairs);
    }

    [Fact]
    public async Task Known_mac_is_used_again_after_the_device_is_gone()
    {
        var node = _nodes[0];
        var mac = node.Mac;
        await node.AbandonAsync();
        node.Ns.Exec("ip", "link", "delete", "w1-vx");
        node.Settings = node.Settings with { KnownMacs = new(mac, null) };
        await node.StartAsync();

        Assert.Contains(mac.ToString(), node.Ns.Exec("ip", "link", "show", "w1-vx"));
    }

    [Theory]
    [InlineData("ip", "link", "delete", "w1-vx")]
    [InlineData("ip", "link", "set", "w1-vx", "down")]
    [InlineData("ip", "route", "flush", "dev", "w1-vx")]
    [InlineData("ip", "route", "delete", "10.244.2.0/24")]
    [InlineData("ip", "neigh", "delete", "10.244.2.0", "dev", "w1-vx")]
    [InlineData("ip", "address", "flush", "dev", "w1-vx")]
    [InlineData("ip", "link", "set", "w1-vx", "address", "02:00:00:00:00:99")]
    [InlineData("ip", "link", "set", "w1-vx", "mtu", "1200")]
    public async Task Damage_is_repaired_by_event(params string[] damage)
    {
        var node = _nodes[0];
        var pod = node.AddPod();
        _nodes[1].AddPod();
        var whole = Picture(node);

        node.Ns.Exec(damage[0], damage[1..]);

        await Eventually.TrueAsync(() => Picture(node) == whole, s_repair, () => $"{whole}\nversus\n{Picture(node)}");
        Ping(pod, "10.244.2.2");
        await Eventually.TrueAsync(() => node.Daemon.Repairs > 0, s_repair);
    }

    [Fact]
    public async Task Deleted_fdb_entry_comes_back()
    {
        var node = _nodes[0];
        var whole = Picture(node);
        node.Ns.Exec("bridge", "fdb", "delete", _nodes[1].Mac.ToString(), "dev", "w1-vx", "dst", "192.0.2.2");

        await Eventually.TrueAsync(() => Picture(node) == whole, s_repair);
    }

    [Fact]
    public async Task Stale_entries_of_earlier_lives_are_removed()
    {
        var node = _nodes[0];
        var whole = Picture(node);
        node.Ns.Exec("bridge", "fdb", "append", "02:00:00:00:00:42", "dev", "w1-vx", "dst", "192.0.2.42");
        node.Ns.Exec("ip", "neigh", "add", "10.244.42.0", "lladdr", "02:00:00:00:00:42", "nud", "permanent", "dev", "w1-vx");
        node.Ns.Exec("ip", "route", "add", "10.244.42.0/24", "via", "10.244.42.0", "dev", "w1-vx", "onlink");
        node.Ns.Exec("ip", "route", "add", "10.244.43.0/24", "dev", "eth0", "proto", "80");

        await Eventually.TrueAsync(() => Picture(node) == whole && !node.Ns.Exec("ip", "route").Contains("10.244.43.0"), s_repair);
    }

    [Fact]
    public async Task Departed_peer_leaves_nothing()
    {
        var node = _nodes[0];
        await node.Daemon.ApplyAsync([_nodes[1].AsPeer], TestContext.Current.CancellationToken);

        Assert.DoesNotContain("10.244.3.0", Picture(node));
        Assert.DoesNotContain("192.0.2.3", Picture(node));
        Assert.Contains("10.244.2.0", Picture(node));
        Assert.Equal(1, node.Daemon.ProgrammedPeers);
    }

    [Fact]
    public async Task Underlay_mtu_change_is_followed_and_published()
    {
        var node = _nodes[0];
        var published = new TaskCompletionSource<LocalVtep>();
        node.Daemon.LocalVtepChanged += vtep => published.TrySetResult(vtep);

        node.Ns.Exec("ip", "link", "set", "eth0", "mtu", "1400");

        Assert.Equal(1350, (await published.Task.WaitAsync(s_repair, TestContext.Current.CancellationToken)).Mtu);
        Assert.Contains("mtu 1350", node.Ns.Exec("ip", "link", "show", "w1-vx"));
    }

    [Fact]
    public async Task Five_hundred_peers_are_programmed_in_one_pass()
    {
        var peers = Enumerable.Range(0, 500).Select(i => new Peer(
            $"far{i}", IPNetwork.Parse($"10.244.{100 + (i / 16)}.{i % 16 * 16}/28"),
            MacAddress.FromBytes([2, 1, 0, 0, (byte)(i >> 8), (byte)i]), IPAddress.Parse($"198.51.{100 + (i / 250)}.{i % 250}"))).ToList();

        await _nodes[0].Daemon.ApplyAsync(peers, TestContext.Current.CancellationToken);

        Assert.Equal(500, _nodes[0].Daemon.ProgrammedPeers);
        Assert.Equal(500, _nodes[0].Ns.Exec("ip", "route", "show", "proto", "80").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Flushed_masquerade_rules_come_back_with_the_audit_and_are_stable_otherwise()
    {
        var node = _nodes[0];
        var whole = node.Ns.Exec("iptables-save");
        Assert.Contains("-A POSTROUTING -m comment --comment \"podnet: pods leaving the cluster\" -j PODNET-POSTRTG", whole);
        await node.AbandonAsync();
        node.Settings = node.Settings with { AuditInterval = TimeSpan.FromMilliseconds(200) };
        node.Ns.Exec("iptables", "-t", "nat", "-F");
        await node.StartAsync();
        Assert.Equal(Rules(whole), Rules(node.Ns.Exec("iptables-save")));

        node.Ns.Exec("iptables", "-t", "nat", "-F", "PODNET-POSTRTG");

        await Eventually.TrueAsync(() => Rules(node.Ns.Exec("iptables-save")) == Rules(whole), s_repair);
        Assert.Equal(1, node.Daemon.Repairs);
    }

    [Fact]
    public async Task Cleanup_leaves_nothing()
    {
        var node = _nodes[0];
        await node.AbandonAsync();
        using var daemon = new OverlayDaemon(node.Settings, Microsoft.Extensions.Logging.Abstractions.NullLogger<OverlayDaemon>.Instance);
        await daemon.CleanupAsync(TestContext.Current.CancellationToken);
        await daemon.CleanupAsync(TestContext.Current.CancellationToken);

        Assert.DoesNotContain("w1-vx", node.Ns.Exec("ip", "link"));
        Assert.DoesNotContain("10.244.", node.Ns.Exec("ip", "route"));
        Assert.DoesNotContain("PODNET", node.Ns.Exec("iptables-save"));
        await node.StartAsync();
    }

    private async Task ApplyEverywhereAsync()
    {
        var peers = _nodes.Select(node => node.AsPeer).ToList();
        foreach (var node in _nodes)
            await node.Daemon.ApplyAsync(peers, TestContext.Current.CancellationToken);
    }

    private static void Ping(ScratchNetNs from, string address) => from.Exec("busybox", "ping", "-c1", "-W1", address);

    // What belongs to the tunnel, as iproute2 tells it; indexes and timers left out.
    private static string Picture(OverlayNode node)
    {
        var device = node.Settings.DeviceName;
        if (!node.Ns.Exec("ip", "-o", "link").Contains($" {device}:"))
            return "no device";
        var link = node.Ns.Exec("ip", "-o", "link", "show", device);
        return string.Join('\n', link[link.IndexOf(device, StringComparison.Ordinal)..].Trim(),
            Sorted(node.Ns.Exec("ip", "-4", "-o", "address", "show", device).Split("inet")[^1]),
            Sorted(node.Ns.Exec("ip", "-4", "neigh", "show", "dev", device)),
            Sorted(node.Ns.Exec("bridge", "fdb", "show", "dev", device)),
            Sorted(node.Ns.Exec("ip", "-4", "route", "show", "dev", device)));
    }

    private static string Sorted(string lines) => string.Join('\n', lines.Split('\n', StringSplitOptions.TrimEntries).Order(StringComparer.Ordinal));

    private static string Rules(string saved) => string.Join('\n', saved.Split('\n').Where(line => line.StartsWith("-A", StringComparison.Ordinal)));
}
