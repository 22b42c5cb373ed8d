using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Network.Netlink;
using Network.Overlay;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Overlay;

/// <summary>
/// What operators, other programs and hardware do to a node, and that the overlay gets over it without a restart. Audits are
/// minutes away, so every repair here is by the kernel's event.
/// </summary>
public sealed class OverlayChaosTests : IAsyncLifetime
{
    private const int ProbePort = 10246;
    private static readonly TimeSpan s_repair = TimeSpan.FromSeconds(30);
    private readonly List<OverlayNode> _nodes = [];
    private ScratchNetNs _segment = null!;

    private OverlayNode One => _nodes[0];

    private OverlayNode Two => _nodes[1];

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Tool("busybox");
        _segment = new ScratchNetNs("chaos");
        _segment.Exec("ip", "link", "add", "lan", "up", "type", "bridge");
        _segment.Exec("ip", "address", "add", "192.0.2.254/24", "dev", "lan");
        for (var number = 1; number <= 2; number++)
        {
            var node = new OverlayNode(_segment, number);
            node.Settings = node.Settings with { PodBridge = $"w{number}-br", ProbePort = ProbePort, ProbeInterval = TimeSpan.FromMilliseconds(100) };
            _nodes.Add(node);
            await node.StartAsync();
        }

        await IntroduceAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        _segment?.Dispose();
    }

    [Fact]
    public async Task Wrong_destination_for_a_peers_MAC_is_taken_out_again()
    {
        One.Ns.Exec("bridge", "fdb", "append", Two.Mac.ToString(), "dev", "w1-vx", "dst", "192.0.2.99");

        await Eventually.TrueAsync(() => Destinations(One, Two.Mac).SequenceEqual(["192.0.2.2"]), s_repair, () => string.Join(',', Destinations(One, Two.Mac)));
    }

    [Fact]
    public async Task Underlay_mtu_is_followed_down_and_up_and_pods_go_on_talking()
    {
        var pod = One.AddPod();
        Two.AddPod();
        foreach (var (below, above) in ((int, int)[])[(1400, 1350), (1500, 1450)])
        {
            foreach (var node in _nodes)
                node.Ns.Exec("ip", "link", "set", "eth0", "mtu", $"{below}");

            await Eventually.TrueAsync(() => MtuOf(One.Ns, "w1-vx") == above && One.Daemon.LocalVtep!.Mtu == above && Two.Daemon.LocalVtep!.Mtu == above,
                s_repair, () => One.Ns.Exec("ip", "link"));
            await PingsAsync(pod, "10.244.2.2", above - 28);
        }
    }

    [Fact]
    public async Task New_node_address_is_published_and_the_peers_follow()
    {
        var pod = One.AddPod();
        Two.AddPod();

        Two.Ns.Exec("ip", "address", "add", "192.0.2.22/24", "dev", "eth0");
        Two.Ns.Exec("ip", "address", "delete", "192.0.2.2/24", "dev", "eth0");
        // Deleting the primary address took the secondary and the default route with it; this is how a DHCP client would go on.
        Two.Ns.Exec("ip", "address", "replace", "192.0.2.22/24", "dev", "eth0");
        Two.Ns.Exec("ip", "route", "replace", "default", "via", "192.0.2.254");

        var address = IPAddress.Parse("192.0.2.22");
        await Eventually.TrueAsync(() => address.Equals(Two.Daemon.LocalVtep!.Ends.V4?.Address), s_repair);
        await One.Daemon.ChangeAsync("n2", Two.AsPeer, TestContext.Current.CancellationToken);
        Assert.Equal(["192.0.2.22"], Destinations(One, Two.Mac));
        await PingsAsync(pod, "10.244.2.2");
    }

    [Theory]
    [InlineData("nat", "-F")]
    [InlineData("filter", "-F")]
    [InlineData("nat", "-F", "PODNET-POSTRTG")]
    [InlineData("nat", "-D", "PODNET-POSTRTG", "1")]
    public async Task Flushed_rules_come_back_by_event(string table, params string[] damage)
    {
        Requires.Tool("iptables-nft");
        var whole = Rules(One);

        One.Ns.Exec("iptables-nft", ["-t", table, .. damage]);

        await Eventually.TrueAsync(() => Rules(One) == whole, s_repair, () => $"{whole}\nversus\n{Rules(One)}");
    }

    [Fact]
    public async Task Flushed_nft_ruleset_comes_back_by_event()
    {
        Requires.Tool("nft");
        var whole = Rules(One);

        One.Ns.Exec("nft", "flush", "ruleset");

        await Eventually.TrueAsync(() => Rules(One) == whole, s_repair, () => $"{whole}\nversus\n{Rules(One)}");
    }

    [Fact]
    public async Task Damage_while_the_daemon_is_dead_is_repaired_when_it_comes_back()
    {
        var pod = One.AddPod();
        Two.AddPod();
        await One.AbandonAsync();
        One.Ns.Exec("ip", "route", "delete", "10.244.2.0/24");
        One.Ns.Exec("bridge", "fdb", "append", "02:00:00:00:00:42", "dev", "w1-vx", "dst", "192.0.2.42");

        await One.StartAsync();
        await IntroduceAsync();

        Assert.Empty(Destinations(One, MacAddress.Parse("02:00:00:00:00:42")));
        await PingsAsync(pod, "10.244.2.2");
    }

    [Fact]
    public async Task Node_that_comes_back_with_another_range_leaves_nothing_of_the_former()
    {
        await One.Daemon.ChangeAsync("n2", null, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("10.244.2.0", State(One));
        await Two.AbandonAsync();
        Two.Settings = Two.Settings with { PodCidrs = new(IPNetwork.Parse("10.244.7.0/24"), null) };
        await Two.StartAsync();

        await IntroduceAsync();

        Assert.DoesNotContain("10.244.2.0", State(One) + State(Two) + Two.Ns.Exec("ip", "address"));
        Assert.Contains("10.244.7.0/24", State(One));
        var pod = Two.AddPod();
        await PingsAsync(pod, "10.244.1.0");
        await PingsAsync(One.AddPod(), "10.244.7.2");
    }

    [Theory]
    [InlineData("nat", "-F")]
    [InlineData("filter", "-F")]
    [InlineData("nat", "-D", "PODNET-POSTRTG", "1")]
    public async Task Rules_in_legacy_tables_come_back_though_their_changes_raise_no_event(string table, params string[] damage)
    {
        Requires.Tool("iptables-legacy");
        await One.AbandonAsync();
        One.Ns.Exec("nft", "flush", "ruleset");
        // Whose rules are there already is where ours go.
        One.Ns.Exec("iptables-legacy", "-A", "INPUT", "-j", "ACCEPT");
        await One.StartAsync();
        await IntroduceAsync();
        var whole = LegacyRules();
        Assert.Contains("-j PODNET-POSTRTG", whole);
        Assert.Contains("-j PODNET-FORWARD", whole);

        One.Ns.Exec("iptables-legacy", ["-t", table, .. damage]);
        if (table == "filter")
            One.Ns.Exec("iptables-legacy", "-A", "INPUT", "-j", "ACCEPT");

        await Eventually.TrueAsync(() => LegacyRules() == whole, s_repair, () => $"{whole}\nversus\n{LegacyRules()}");

        string LegacyRules() => string.Join('\n', One.Ns.Exec("iptables-legacy-save").Split('\n').Where(line => line.StartsWith("-A", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Probe_port_that_is_taken_is_told_and_used_when_it_is_free()
    {
        await One.AbandonAsync();
        using (var thief = One.Ns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)))
        {
            thief.Bind(new IPEndPoint(IPAddress.Parse("10.244.1.0"), ProbePort));
            await One.StartAsync();
            await IntroduceAsync();
            await Eventually.TrueAsync(async () => (await One.Daemon.StatusAsync(TestContext.Current.CancellationToken)).ProbeFault
                == $"no probes by 10.244.1.0: UDP port {ProbePort} cannot be bound (AddressAlreadyInUse); end who holds it, or choose another --probe-port", s_repair);
            Assert.False((await PeerAsync(One)).Probed);
        }

        await Eventually.TrueAsync(async () => (await PeerAsync(One)) is { Probed: true, RoundTrip: not null }, s_repair);
        Assert.Null((await One.Daemon.StatusAsync(TestContext.Current.CancellationToken)).ProbeFault);
    }

    [Fact]
    public async Task Path_that_shrinks_twice_between_the_nodes_is_found_both_times()
    {
        // Else the bridge itself would fragment what its port cannot take.
        _segment.Run(() => File.WriteAllText("/proc/sys/net/bridge/bridge-nf-call-iptables", "0"));
        await Eventually.TrueAsync(async () => await PeerAsync(One) is { PathMtu: 1450 }, s_repair);
        foreach (var mtu in (int[])[1400, 1300])
        {
            // A switch port that drops what is too large and says nothing. It leaves four bytes for a VLAN tag (is_skb_forwardable).
            _segment.Exec("ip", "link", "set", "p2", "mtu", $"{mtu}");
            await Eventually.TrueAsync(async () => (await PeerAsync(One)).PathMtu is var found && found > mtu - 60 && found <= mtu - 46, TimeSpan.FromSeconds(60), () => PeerAsync(One).GetAwaiter().GetResult().ToString());
            var route = Json(One.Ns.Exec("ip", "-j", "route", "show", "10.244.2.0/24")).Single()!;
            Assert.InRange(route["metrics"]![0]!["mtu"]!.GetValue<int>(), mtu - 60, mtu - 46);
        }

        _segment.Exec("ip", "link", "set", "p2", "mtu", "1500");
        await Eventually.TrueAsync(async () => await PeerAsync(One) is { PathMtu: 1450 }, s_repair);
    }

    [Fact]
    public async Task Probes_tell_round_trip_path_mtu_and_that_checksums_arrive()
    {
        await Eventually.TrueAsync(async () => await PeerAsync(One) is { Probed: true, RoundTrip: not null, PathMtu: 1450 }, s_repair);
        Assert.True(One.Daemon.CanTalk);
        Assert.Equal(ChecksumVerdict.Works, One.Daemon.Checksum);

        _segment.Exec("ip", "link", "set", "lan", "down");

        await Eventually.TrueAsync(async () => (await PeerAsync(One)).Loss > 0, s_repair);
        var last = (await PeerAsync(One)).LastAnswer;
        _segment.Exec("ip", "link", "set", "lan", "up");
        await Eventually.TrueAsync(async () => (await PeerAsync(One)).LastAnswer > last, s_repair);
    }

    [Fact]
    public async Task Bad_peer_is_named_and_the_others_keep_working()
    {
        var pod = One.AddPod();
        Two.AddPod();
        var thief = Two.AsPeer with { NodeName = "n9" };

        await One.Daemon.ChangeAsync("n9", thief, TestContext.Current.CancellationToken);

        var status = await One.Daemon.StatusAsync(TestContext.Current.CancellationToken);
        Assert.Contains("belongs to node n2 already", status.Peers.Single(peer => peer.Node == "n9").Fault);
        Assert.Null(status.Peers.Single(peer => peer.Node == "n2").Fault);
        await PingsAsync(pod, "10.244.2.2");
    }

    private async Task IntroduceAsync()
    {
        var peers = _nodes.Select(node => node.AsPeer).ToList();
        foreach (var node in _nodes)
            await node.Daemon.ApplyAsync(peers, TestContext.Current.CancellationToken);
    }

    private static async Task<PeerStatus> PeerAsync(OverlayNode node) => (await node.Daemon.StatusAsync(TestContext.Current.CancellationToken)).Peers.Single();

    private static Task PingsAsync(ScratchNetNs from, string address, int size = 56) =>
        Eventually.TrueAsync(() => Succeeds(() => from.Exec("busybox", "ping", "-c1", "-W1", $"-s{size}", address)), s_repair);

    private static bool Succeeds(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    private static int MtuOf(ScratchNetNs ns, string device) => Json(ns.Exec("ip", "-j", "link", "show", device)).Single()!["mtu"]!.GetValue<int>();

    private static IEnumerable<string> Destinations(OverlayNode node, MacAddress mac) =>
        [.. Json(node.Ns.Exec("bridge", "-j", "fdb", "show", "dev", node.Settings.DeviceName))
            .Where(entry => entry!["mac"]!.ToString() == mac.ToString() && entry["dst"] is not null).Select(entry => entry!["dst"]!.ToString())];

    private static JsonArray Json(string text) => JsonNode.Parse(text)!.AsArray();

    private static string State(OverlayNode node) => node.Ns.Exec("ip", "route") + node.Ns.Exec("ip", "neigh", "show", "dev", node.Settings.DeviceName)
        + node.Ns.Exec("bridge", "fdb", "show", "dev", node.Settings.DeviceName);

    private static string Rules(OverlayNode node) => string.Join('\n', node.Ns.Exec("iptables-save").Split('\n').Where(line => line.StartsWith("-A", StringComparison.Ordinal)));
}
