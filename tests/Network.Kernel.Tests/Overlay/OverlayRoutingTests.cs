using System.Text.Json.Nodes;
using Network.Netlink;
using Network.Overlay;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Overlay;

/// <summary>Nodes that reach each other by plain routes, always or while they are neighbours.</summary>
public sealed class OverlayRoutingTests() : TwoOverlayNodes("routing")
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        // The router between them, when a test puts it there.
        _segment.Run(() => File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1"));
    }

    [Fact]
    public async Task Host_gateway_needs_no_device_and_takes_nothing_off_the_mtu()
    {
        await StartAsync(OverlayBackend.HostGateway, direct: false);

        Assert.Equal(("192.0.2.2", "eth0"), WayTo(One));
        Assert.DoesNotContain("w1-vx", One.Ns.Exec("ip", "link"));
        Assert.Equal(1500, One.Daemon.LocalVtep!.Mtu);
        var pod = One.AddPod();
        Two.AddPod();
        Ping(pod, "10.244.2.2", 1472);
    }

    [Theory]
    [InlineData("route", "delete", "10.244.2.0/24")]
    [InlineData("route", "replace", "10.244.2.0/24", "via", "192.0.2.254")]
    [InlineData("link", "set", "eth0", "down")]
    public async Task Host_gateway_routes_come_back(params string[] damage)
    {
        await StartAsync(OverlayBackend.HostGateway, direct: false);

        One.Ns.Exec("ip", damage);
        if (damage[0] == "link")
        {
            // The kernel drops the routes of a device that goes down without an event for each.
            One.Ns.Exec("ip", "link", "set", "eth0", "up");
            One.Ns.Exec("ip", "route", "replace", "default", "via", "192.0.2.254");
        }

        await Eventually.TrueAsync(() => WayTo(One) == ("192.0.2.2", "eth0"), s_patience, () => One.Ns.Exec("ip", "route"));
    }

    [Fact]
    public async Task Direct_routing_is_decided_again_when_a_router_comes_between_and_goes()
    {
        await StartAsync(OverlayBackend.Vxlan, direct: true);
        var pod = One.AddPod();
        Two.AddPod();
        Assert.Equal(("192.0.2.2", "eth0"), WayTo(One));
        Ping(pod, "10.244.2.2");

        One.Ns.Exec("ip", "route", "add", "192.0.2.2/32", "via", "192.0.2.254");

        await Eventually.TrueAsync(() => WayTo(One) == ("10.244.2.0", "w1-vx"), s_patience, () => One.Ns.Exec("ip", "route"));
        Assert.Contains("192.0.2.2", One.Ns.Exec("bridge", "fdb", "show", "dev", "w1-vx"));
        Assert.Equal("vxlan", (await One.Daemon.StatusAsync(TestContext.Current.CancellationToken)).Peers.Single().Ways);
        await PingsAsync(pod, "10.244.2.2");
        One.Ns.Exec("ip", "route", "delete", "192.0.2.2/32");

        await Eventually.TrueAsync(() => WayTo(One) == ("192.0.2.2", "eth0"), s_patience, () => One.Ns.Exec("ip", "route"));
        Assert.DoesNotContain("192.0.2.2", One.Ns.Exec("bridge", "fdb", "show", "dev", "w1-vx"));
        await PingsAsync(pod, "10.244.2.2");
    }

    [Fact]
    public async Task Route_of_somebody_else_touches_nobody_but_whom_it_concerns()
    {
        await StartAsync(OverlayBackend.Vxlan, direct: true);
        await One.AbandonAsync();
        using var socket = RouteSocket.Open(One.Ns.Name);
        using var engine = new OverlayEngine(socket, One.Settings);
        engine.Whole();
        engine.Change(engine.Peers.SetAll([Two.AsPeer]), allKnown: true);
        var generation = engine.Generation;

        One.Ns.Exec("ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.254");
        Assert.True(engine.IsBelowChanged());
        Assert.Equal(0, engine.Whole().Changes);
        One.Ns.Exec("ip", "route", "add", "192.0.2.2/32", "via", "192.0.2.254");
        Assert.Equal(3, engine.Whole().Changes);

        // Probes and what they learned go on: devices, addresses and MTU are as before.
        Assert.Equal(generation, engine.Generation);
        await One.StartAsync();
    }

    [Fact]
    public async Task Drift_names_everything_that_differs_and_changes_none_of_it()
    {
        await StartAsync(OverlayBackend.Vxlan, direct: false);
        var two = Two.AsPeer;
        await One.AbandonAsync();
        using var socket = RouteSocket.Open(One.Ns.Name);
        using var engine = new OverlayEngine(socket, One.Settings);
        engine.Whole();
        engine.Change(engine.Peers.SetAll([two]), allKnown: true);
        Assert.Empty(engine.Drift());
        var index = Json(One.Ns.Exec("ip", "-j", "link", "show", "w1-vx")).Single()!["ifindex"]!.GetValue<int>();

        One.Ns.Exec("ip", "route", "delete", "10.244.2.0/24");
        One.Ns.Exec("ip", "neigh", "delete", "10.244.2.0", "dev", "w1-vx");
        One.Ns.Exec("bridge", "fdb", "append", "02:00:00:00:00:42", "dev", "w1-vx", "dst", "192.0.2.42");
        One.Ns.Exec("ip", "link", "set", "w1-vx", "mtu", "1200");
        var before = State();

        Assert.Equal(
        [
            "change link w1-vx",
            $"replace neighbour 10.244.2.0 on link #{index}",
            "replace route 10.244.2.0/24 via 10.244.2.0",
            $"delete fdb 02:00:00:00:00:42 on link #{index}",
        ], engine.Drift());
        Assert.Equal(before, State());
        engine.Whole();
        Assert.Empty(engine.Drift());
        One.Ns.Exec("ip", "link", "delete", "w1-vx");
        Assert.Contains("add link w1-vx", engine.Drift());
        Assert.DoesNotContain("w1-vx", One.Ns.Exec("ip", "link"));
        await One.StartAsync();

        string State() => One.Ns.Exec("ip", "route") + One.Ns.Exec("ip", "neigh", "show", "dev", "w1-vx") + One.Ns.Exec("bridge", "fdb", "show", "dev", "w1-vx") + One.Ns.Exec("ip", "link", "show", "w1-vx");
    }

    private async Task StartAsync(OverlayBackend backend, bool direct)
    {
        foreach (var (node, number) in _nodes.Select((node, i) => (node, i + 1)))
        {
            node.Settings = node.Settings with { Backend = backend, DirectRouting = direct, UnderlayInterface = "eth0", PodBridge = $"w{number}-br" };
            await node.StartAsync();
        }

        var peers = _nodes.Select(node => node.AsPeer).ToList();
        foreach (var node in _nodes)
            await node.Daemon.ApplyAsync(peers, TestContext.Current.CancellationToken);
    }

    private static (string Gateway, string Device)? WayTo(OverlayNode node) => Json(node.Ns.Exec("ip", "-j", "route", "show", "10.244.2.0/24")).SingleOrDefault() is { } route
        ? (route["gateway"]!.ToString(), route["dev"]!.ToString())
        : null;

    private static JsonArray Json(string text) => JsonNode.Parse(text)!.AsArray();

    private static void Ping(ScratchNetNs from, string address, int size = 56) => from.Exec("busybox", "ping", "-c1", "-W2", $"-s{size}", address);

    private static Task PingsAsync(ScratchNetNs from, string address) => Eventually.TrueAsync(() =>
    {
        try
        {
            Ping(from, address);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }, s_patience);
}
