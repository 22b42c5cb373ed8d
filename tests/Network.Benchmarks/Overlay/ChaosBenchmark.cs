using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Overlay;

/// <summary>
/// What others do to a node while its pods talk, and how long they then cannot. Two pods on two nodes: one question and answer
/// a millisecond, and iperf3 at 200 Mbit/s in one TCP connection over the whole list. Outage is the longest time without an
/// answer from the damage on; whole is the first look (each takes some 20 ms) at which links, neighbours, forwarding
/// entries, routes and rules are what they should be.
/// </summary>
internal static class ChaosBenchmark
{
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(500), s_patience = TimeSpan.FromSeconds(12);

    internal static void Run(TextWriter output)
    {
        output.WriteLine($"load {File.ReadAllText("/proc/loadavg").Trim()}");
        output.WriteLine($"{"overlay",-9} {"damage",-52} {"outage",9} {"whole",9}");
        RunWith(output, (_, nodes) => new PodnetOverlay(nodes));
        if (FlannelOverlay.Binary is not null)
            RunWith(output, (segment, nodes) => new FlannelOverlay(segment, nodes));
        else
            output.WriteLine("FLANNELD names no binary: no comparison");
        output.WriteLine("goal: outage under 200 ms");
    }

    private static void RunWith(TextWriter output, Func<ScratchNetNs, IReadOnlyList<BenchNode>, IChaosOverlay> make)
    {
        using var segment = BenchNode.Segment();
        using var one = new BenchNode(segment, 1, "10.98");
        using var two = new BenchNode(segment, 2, "10.98");
        using var overlay = make(segment, [one, two]);
        foreach (var node in (BenchNode[])[one, two])
        {
            overlay.Start(node);
            node.AddPod(1450);
        }

        Await(() => overlay.IsUp(one) && overlay.IsUp(two), $"{overlay.Name} does not come up");
        using var echo = new EchoPair(one.Pod, two.Pod, IPAddress.Parse(two.PodAddress));
        using var iperf = new Iperf(one.Pod, two.Pod);
        echo.Watch();
        Await(() => echo.AnsweredSince(0), "no answer at first");
        var damages = Damages(overlay, one, two).ToList();
        var load = iperf.Start(two.PodAddress, 600, "-b", "200M");
        Task.Delay(1000).GetAwaiter().GetResult();
        var quiet = Stopwatch.GetTimestamp();
        Task.Delay(2000).GetAwaiter().GetResult();
        output.WriteLine($"{overlay.Name,-9} {"(nothing, for 2 s)",-52} {echo.LongestGap(quiet),6:0} ms");
        foreach (var (name, harm, isWhole) in damages)
            Measure(output, overlay, echo, (name, harm, isWhole));
        output.WriteLine($"{overlay.Name,-9} iperf3's one connection over all of it: {(load.IsCompleted ? "ended early: " + Error(load.Result) : "still alive")}");
        Rejoin(output, overlay, one, two);
    }

    private static void Measure(TextWriter output, IChaosOverlay overlay, EchoPair echo, (string Name, Action Harm, Func<bool> IsWhole) damage)
    {
        var start = Stopwatch.GetTimestamp();
        damage.Harm();
        TimeSpan? whole = null;
        while (Stopwatch.GetElapsedTime(start) < s_patience)
        {
            if (damage.IsWhole())
            {
                whole = Stopwatch.GetElapsedTime(start);
                break;
            }
        }

        // An outage may begin late (a cache that runs out) and end after the objects are back.
        var seen = Stopwatch.GetTimestamp();
        Task.Delay(s_settle).GetAwaiter().GetResult();
        while (!echo.AnsweredSince(seen) && Stopwatch.GetElapsedTime(start) < s_patience)
            Task.Delay(20).GetAwaiter().GetResult();
        var outage = echo.LongestGap(start);
        output.WriteLine($"{overlay.Name,-9} {damage.Name,-52} {(echo.AnsweredSince(seen) ? $"{outage,6:0} ms" : $"> {s_patience.TotalSeconds:0} s"),9} "
            + $"{(whole is { } after ? $"{after.TotalMilliseconds,6:0} ms" : $"> {s_patience.TotalSeconds:0} s"),9}");
        output.Flush();
    }

    private static IEnumerable<(string Name, Action Harm, Func<bool> IsWhole)> Damages(IChaosOverlay overlay, BenchNode one, BenchNode two)
    {
        var device = overlay.DeviceOf(one);
        var whole = Picture(one, device);
        bool IsWhole() => Picture(one, device) == whole;
        var mac = one.Ns.Exec("bridge", "fdb", "show", "dev", device).Split('\n').First(line => line.Contains(two.Address, StringComparison.Ordinal)).Split(' ')[0];
        Action In(string file, params string[] arguments) => () => one.Ns.Exec(file, arguments);
        yield return ("device deleted", In("ip", "link", "delete", device), IsWhole);
        yield return ("device down", In("ip", "link", "set", device, "down"), IsWhole);
        yield return ("forwarding entry deleted", In("bridge", "fdb", "delete", mac, "dev", device, "dst", two.Address), IsWhole);
        yield return ("neighbour deleted", In("ip", "neigh", "delete", $"10.98.{two.Number}.0", "dev", device), IsWhole);
        yield return ("route deleted", In("ip", "route", "delete", two.PodCidr), IsWhole);
        yield return ("all routes of the device flushed", In("ip", "route", "flush", "dev", device), IsWhole);
        yield return ("wrong forwarding entry added", In("bridge", "fdb", "append", mac, "dev", device, "dst", "192.0.2.99"), IsWhole);
        yield return ("forwarding entry replaced by a wrong one", In("bridge", "fdb", "replace", mac, "dev", device, "dst", "192.0.2.99"), IsWhole);
        yield return ("MAC changed", In("ip", "link", "set", device, "address", "02:00:00:00:00:99"), IsWhole);
        yield return ("device's MTU changed", In("ip", "link", "set", device, "mtu", "1200"), IsWhole);
        yield return ("MTU of the underlay 1400", () => SetMtu(1400, one, two), () => MtuOf(one, device) == 1350 && MtuOf(two, overlay.DeviceOf(two)) == 1350);
        yield return ("MTU of the underlay 1500 again", () => SetMtu(1500, one, two), () => MtuOf(one, device) == 1450 && MtuOf(two, overlay.DeviceOf(two)) == 1450);
        yield return ("nft flush ruleset", In("nft", "flush", "ruleset"), IsWhole);
        yield return ("iptables -t nat -F", In("iptables", "-t", "nat", "-F"), IsWhole);
        yield return ("iptables -F", In("iptables", "-F"), IsWhole);
        yield return ("daemon killed", () => overlay.Kill(one), IsWhole);
        yield return ("daemon started again", () => overlay.Start(one), () => IsWhole() && overlay.IsUp(one));
        yield return ("daemon killed, route deleted, daemon started", () =>
        {
            overlay.Kill(one);
            one.Ns.Exec("ip", "route", "delete", two.PodCidr);
            overlay.Start(one);
        }, IsWhole);
        yield return ("address of the other node changed", () =>
        {
            two.Ns.Exec("sh", "-c", "ip address add 192.0.2.22/24 dev eth0; ip address delete 192.0.2.2/24 dev eth0; ip address replace 192.0.2.22/24 dev eth0; ip route replace default via 192.0.2.254");
            overlay.Announce(two, "192.0.2.22");
        }, () => one.Ns.Exec("bridge", "fdb", "show", "dev", device).Contains("192.0.2.22", StringComparison.Ordinal));
    }

    // Its pods are others then, so no connection can live through it: how long until the new ones are reached.
    private static void Rejoin(TextWriter output, IChaosOverlay overlay, BenchNode one, BenchNode two)
    {
        overlay.Remove(two);
        var left = Stopwatch.StartNew();
        var gone = Until(() => !one.Ns.Exec("ip", "route").Contains($"10.98.{two.Number}.0/24", StringComparison.Ordinal), left);
        two.Ns.Exec("ip", "address", "add", "10.98.7.1/24", "dev", "pods");
        two.Pod.Exec("ip", "address", "add", "10.98.7.2/24", "dev", "eth0");
        two.Pod.Exec("ip", "route", "replace", "default", "via", "10.98.7.1");
        var joined = Stopwatch.StartNew();
        overlay.Add(two, "10.98.7.0/24", "192.0.2.22");
        var back = Until(() => Command.RunAsync(new ChildSpec("busybox", ["ping", "-c1", "-W1", "10.98.7.2"]) { NetNs = one.Pod.Name }).GetAwaiter().GetResult().Succeeded, joined);
        output.WriteLine($"{overlay.Name,-9} {"node removed: its route gone",-52} {"",9} {gone,9}");
        output.WriteLine($"{overlay.Name,-9} {"node back with another podCIDR: first ping answered",-52} {"",9} {back,9}");
    }

    private static string Until(Func<bool> condition, Stopwatch clock)
    {
        while (!condition())
        {
            if (clock.Elapsed > s_patience)
                return $"> {s_patience.TotalSeconds:0} s";
        }

        return $"{clock.Elapsed.TotalMilliseconds,6:0} ms";
    }

    private static void SetMtu(int mtu, params BenchNode[] nodes)
    {
        foreach (var node in nodes)
            node.Ns.Exec("ip", "link", "set", "eth0", "mtu", $"{mtu}");
    }

    private static int MtuOf(BenchNode node, string device) => JsonNode.Parse(node.Ns.Exec("ip", "-j", "link", "show", device))!.AsArray()[0]!["mtu"]!.GetValue<int>();

    // One child process a look: devices, neighbours, forwarding entries, routes and rules, without indexes and timers.
    private static string Picture(BenchNode node, string device) => string.Join('\n', node.Ns.Exec("sh", "-c",
            $"ip -o link show dev {device} 2>&1; ip -4 neigh show dev {device} nud permanent 2>&1; bridge fdb show dev {device} 2>&1; ip -4 route show dev {device} 2>&1; iptables-save | grep -e ^-A")
        .Split('\n').Select(line => line.Contains(": " + device, StringComparison.Ordinal) ? line[line.IndexOf(device, StringComparison.Ordinal)..] : line).Order(StringComparer.Ordinal));

    private static string Error(CommandResult result) => JsonNode.Parse(result.Output)?["error"]?.ToString() ?? result.Error;

    private static void Await(Func<bool> condition, string otherwise) =>
        Eventually.TrueAsync(condition, TimeSpan.FromSeconds(60), () => otherwise).GetAwaiter().GetResult();
}
