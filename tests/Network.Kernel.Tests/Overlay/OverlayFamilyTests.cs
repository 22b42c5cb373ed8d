using System.Net;
using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Overlay;

/// <summary>IPv6 inside, outside and both, on two nodes of one segment.</summary>
public sealed class OverlayFamilyTests() : TwoOverlayNodes("families")
{
    [Fact]
    public async Task Pods_of_both_families_travel_over_the_underlay_of_their_own_family()
    {
        foreach (var node in _nodes)
            node.JoinV6(only: false);
        await StartAsync(v4: true, v6: true);

        Assert.Equal(["192.0.2.2"], Destinations(One, "w1-vx"));
        Assert.Equal(["2001:db8::2"], Destinations(One, "w1-vx6"));
        Assert.Equal((1450, 1430), (MtuOf(One, "w1-vx"), MtuOf(One, "w1-vx6")));
        Assert.Equal([("10.244.2.0/24", "10.244.2.0", "w1-vx"), ("fd00:244:0:2::/64", "fd00:244:0:2::", "w1-vx6")], Routes(One));
        var pod = One.AddPod();
        Two.AddPod();
        // What both ways carry, which is what pods were told: 1430.
        await PingsAsync(pod, "10.244.2.2", 1402);
        await PingsAsync(pod, "fd00:244:0:2::2", 1382);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task Pods_travel_over_an_underlay_of_IPv4_alone(bool v4, bool v6)
    {
        await StartAsync(v4, v6);

        Assert.Equal(["192.0.2.2"], Destinations(One, "w1-vx"));
        Assert.Equal(1450, MtuOf(One, "w1-vx"));
        Assert.DoesNotContain("w1-vx6", One.Ns.Exec("ip", "link"));
        await PodsReachEachOtherAsync(v4, v6, 1450);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Pods_travel_over_an_underlay_of_IPv6_alone_and_leave_70_bytes_for_it(bool v4, bool v6)
    {
        foreach (var node in _nodes)
            node.JoinV6(only: true);
        await StartAsync(v4, v6);

        Assert.Equal(["2001:db8::2"], Destinations(One, "w1-vx"));
        Assert.Equal(1430, MtuOf(One, "w1-vx"));
        await PodsReachEachOtherAsync(v4, v6, 1430);
    }

    [Theory]
    [InlineData("ip", "-6", "route", "flush", "dev", "w1-vx6")]
    [InlineData("ip", "-6", "neigh", "flush", "dev", "w1-vx6", "nud", "permanent")]
    [InlineData("ip", "link", "delete", "w1-vx6")]
    [InlineData("ip", "-6", "address", "flush", "dev", "w1-vx6", "scope", "global")]
    [InlineData("ip", "link", "set", "w1-vx6", "down")]
    public async Task Damage_of_the_second_family_is_repaired_by_event(params string[] damage)
    {
        foreach (var node in _nodes)
            node.JoinV6(only: false);
        await StartAsync(v4: true, v6: true);
        var whole = Picture(One);

        One.Ns.Exec(damage[0], damage[1..]);

        await Eventually.TrueAsync(() => Picture(One) == whole, s_patience, () => $"{whole}\nversus\n{Picture(One)}");
        var pod = One.AddPod();
        Two.AddPod();
        await PingsAsync(pod, "fd00:244:0:2::2");
    }

    private async Task PodsReachEachOtherAsync(bool v4, bool v6, int mtu)
    {
        var pod = One.AddPod();
        Two.AddPod();
        if (v4)
            await PingsAsync(pod, "10.244.2.2", mtu - 28);
        if (v6)
            await PingsAsync(pod, "fd00:244:0:2::2", mtu - 48);
    }

    private async Task StartAsync(bool v4, bool v6)
    {
        foreach (var (node, number) in _nodes.Select((node, i) => (node, i + 1)))
        {
            node.Settings = node.Settings with
            {
                PodCidrs = new(v4 ? IPNetwork.Parse($"10.244.{number}.0/24") : null, v6 ? IPNetwork.Parse($"fd00:244:0:{number}::/64") : null),
                ClusterCidrs = new(IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("fd00:244::/48")),
                PodBridge = $"w{number}-br",
            };
            await node.StartAsync();
        }

        var peers = _nodes.Select(node => node.AsPeer).ToList();
        foreach (var node in _nodes)
            await node.Daemon.ApplyAsync(peers, TestContext.Current.CancellationToken);
    }

    private static Task PingsAsync(ScratchNetNs from, string address, int size = 56) => Eventually.TrueAsync(() =>
    {
        try
        {
            from.Exec("busybox", "ping", "-c1", "-W1", $"-s{size}", address);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }, s_patience, () => $"{address} does not answer {size} bytes: {from.Exec("ip", "-6", "route")}");

    private static int MtuOf(OverlayNode node, string device) => Json(node.Ns.Exec("ip", "-j", "link", "show", device)).Single()!["mtu"]!.GetValue<int>();

    private static IEnumerable<string> Destinations(OverlayNode node, string device) =>
        [.. Json(node.Ns.Exec("bridge", "-j", "fdb", "show", "dev", device)).Where(entry => entry!["dst"] is not null).Select(entry => entry!["dst"]!.ToString())];

    private static IEnumerable<(string, string, string)> Routes(OverlayNode node) =>
        [.. Json(node.Ns.Exec("ip", "-j", "route", "show", "proto", "80")).Concat(Json(node.Ns.Exec("ip", "-6", "-j", "route", "show", "proto", "80")))
            .Select(route => (route!["dst"]!.ToString(), route["gateway"]!.ToString(), route["dev"]!.ToString()))];

    private static JsonArray Json(string text) => JsonNode.Parse(text)!.AsArray();

    // Without what the kernel makes itself (link-local, multicast) and what differs between two devices of one name.
    private static string Picture(OverlayNode node) => string.Join('\n', new[]
    {
        node.Ns.Exec("ip", "-6", "route", "show", "proto", "80"),
        node.Ns.Exec("ip", "-6", "neigh", "show", "nud", "permanent"),
        string.Join('\n', node.Ns.Exec("ip", "-6", "-o", "address", "show", "scope", "global").Split('\n').Select(line => line[(line.IndexOf(':') + 1)..])),
        node.Ns.Exec("bridge", "fdb", "show").Contains("w1-vx6 dst", StringComparison.Ordinal) ? "entry" : "no entry",
        node.Ns.Exec("ip", "-o", "link").Contains("w1-vx6: <BROADCAST,MULTICAST,UP,LOWER_UP>", StringComparison.Ordinal) ? "up" : "down",
    });
}
