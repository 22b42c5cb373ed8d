using System.Net;
using System.Text.Json.Nodes;
using Network.TestKit;

namespace Network.Benchmarks.Overlay;

/// <summary>
/// Pod to pod across VXLAN, four pairs of nodes on one segment and one kernel, one after the other in every round: podnet,
/// the same made by hand with <c>ip</c> and flannel's masquerade and forward rules, podnet without rules, by hand without
/// rules. Like is compared with like; the price of rules and connection tracking is told besides.
/// </summary>
internal static class ThroughputBenchmark
{
    private static readonly int s_rounds = int.TryParse(Environment.GetEnvironmentVariable("OVERLAY_ROUNDS"), out var rounds) ? rounds : 7;
    private const double Seconds = 1;
    private const int RoundTrips = 5000;

    internal static void Run(TextWriter output)
    {
        output.WriteLine($"load {File.ReadAllText("/proc/loadavg").Trim()}; {s_rounds} rounds of {Seconds} s; medians of rounds, ratios of neighbours in a round");
        var folder = Directory.CreateTempSubdirectory("overlay-throughput");
        using var segment = BenchNode.Segment();
        using var ours = new Pair(segment, 1, "10.98");
        using var hand = new Pair(segment, 3, "10.97");
        using var oursBare = new Pair(segment, 5, "10.96");
        using var handBare = new Pair(segment, 7, "10.95");
        Pair[] all = [ours, hand, oursBare, handBare];
        using var daemons = Program(ours, folder.FullName, 7, masquerade: true);
        using var bareDaemons = Program(oursBare, folder.FullName, 9, masquerade: false);
        foreach (var (pair, vni) in (IEnumerable<(Pair, int)>)[(hand, 8), (handBare, 10)])
        {
            Program(pair.One, pair.Two, vni);
            Program(pair.Two, pair.One, vni);
        }

        AddRules(hand.One);
        AddRules(hand.Two);
        foreach (var pair in all)
            pair.AddPods();
        output.WriteLine($"{"",-20} {"podnet",8} {"by hand",8} {"ratio",6}   no rules: {"podnet",8} {"by hand",8} {"ratio",6}   rules cost");
        foreach (var (name, measure, unit, less) in Measures())
            Compare(output, name, measure, unit, less, all);
        output.WriteLine($"load {File.ReadAllText("/proc/loadavg").Trim()}; goal: ratio 0.98");
        daemons.Dispose();
        bareDaemons.Dispose();
        folder.Delete(recursive: true);
    }

    private static IEnumerable<(string Name, Func<Pair, double> Measure, string Unit, bool LessIsBetter)> Measures()
    {
        foreach (var v6 in (bool[])[false, true])
        {
            string To(Pair pair) => v6 ? pair.Two.PodAddressV6 : pair.Two.PodAddress;
            var family = v6 ? "IPv6" : "IPv4";
            yield return ($"{family} TCP there", pair => pair.Iperf.Run(To(pair), Seconds) / 1e9, "Gbit/s", false);
            yield return ($"{family} TCP back", pair => pair.Iperf.Run(To(pair), Seconds, "-R") / 1e9, "Gbit/s", false);
            yield return ($"{family} UDP 1,400 bytes", pair => pair.Iperf.Run(To(pair), Seconds, "-u", "-b", "0", "-l", "1400") / 1e9, "Gbit/s", false);
            yield return ($"{family} round trip p50", pair => Median(pair.Echo(v6).RoundTrips(RoundTrips)), "us", true);
        }
    }

    private static void Compare(TextWriter output, string name, Func<Pair, double> measure, string unit, bool lessIsBetter, Pair[] all)
    {
        var values = all.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < s_rounds; round++)
        {
            // Neighbours in a round are those that are compared, and who goes first changes.
            foreach (var i in (int[])(round % 2 == 0 ? [0, 1, 2, 3] : [3, 2, 1, 0]))
                values[i].Add(measure(all[i]));
        }

        double Ratio(int one, int other) => Median(values[one].Zip(values[other], (mine, theirs) => lessIsBetter ? theirs / mine : mine / theirs));
        output.WriteLine($"{name,-20} {Median(values[0]),8:0.00} {Median(values[1]),8:0.00} {Ratio(0, 1),6:0.000}   {"",9} {Median(values[2]),8:0.00} {Median(values[3]),8:0.00} {Ratio(2, 3),6:0.000}   "
            + $"{1 - Ratio(0, 3),6:0.0%}  {unit}");
        output.Flush();
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2] + sorted[(sorted.Count / 2) - 1]) / 2;
    }

    private static Daemons Program(Pair pair, string folder, int vni, bool masquerade)
    {
        var file = Path.Combine(folder, $"network{vni}.json");
        PodnetDaemon.Write(file, PodnetDaemon.Describe([$"{pair.One.Network}.0.0/16", "fd00::/16"], vni,
            pair.Nodes.Select(node => (node.Name, new[] { node.PodCidr, node.PodCidrV6 }, node.Address)), masquerade));
        var daemons = new Daemons([.. pair.Nodes.Select(node => new PodnetDaemon(node, folder, file))]);
        daemons.Start();
        return daemons;
    }

    // What the daemon programs, in the words of iproute2.
    private static void Program(BenchNode node, BenchNode peer, int vni)
    {
        const string device = "hand";
        node.Ns.Exec("ip", "link", "add", device, "mtu", "1450", "address", $"02:00:00:00:00:0{node.Number}", "type", "vxlan", "id", $"{vni}", "dstport", "4789",
            "local", node.Address, "dev", "eth0", "nolearning");
        node.Ns.Exec("ip", "link", "set", device, "up");
        node.Ns.Exec("ip", "address", "add", $"{node.Network}.{node.Number}.0/32", "dev", device);
        node.Ns.Exec("ip", "-6", "address", "add", $"fd00:{node.Number}::/128", "dev", device, "nodad");
        node.Ns.Exec("bridge", "fdb", "append", $"02:00:00:00:00:0{peer.Number}", "dev", device, "dst", peer.Address);
        node.Ns.Exec("ip", "neigh", "add", $"{peer.Network}.{peer.Number}.0", "lladdr", $"02:00:00:00:00:0{peer.Number}", "nud", "permanent", "dev", device);
        node.Ns.Exec("ip", "-6", "neigh", "add", $"fd00:{peer.Number}::", "lladdr", $"02:00:00:00:00:0{peer.Number}", "nud", "permanent", "dev", device);
        node.Ns.Exec("ip", "route", "add", peer.PodCidr, "via", $"{peer.Network}.{peer.Number}.0", "dev", device, "onlink");
        node.Ns.Exec("ip", "-6", "route", "add", peer.PodCidrV6, "via", $"fd00:{peer.Number}::", "dev", device, "onlink");
    }

    // flannel's chains, in its order.
    private static void AddRules(BenchNode node)
    {
        foreach (var (iptables, cluster, pods, multicast) in (IEnumerable<(string, string, string, string)>)
            [("iptables", $"{node.Network}.0.0/16", node.PodCidr, "224.0.0.0/4"), ("ip6tables", "fd00::/16", node.PodCidrV6, "ff00::/8")])
        {
            void Rule(string table, string chain, params string[] words) => node.Ns.Exec(iptables, ["-t", table, "-A", chain, .. words]);
            node.Ns.Exec(iptables, "-t", "nat", "-N", "FLANNEL-POSTRTG");
            node.Ns.Exec(iptables, "-N", "FLANNEL-FWD");
            Rule("nat", "POSTROUTING", "-m", "comment", "--comment", "flanneld masq", "-j", "FLANNEL-POSTRTG");
            Rule("nat", "FLANNEL-POSTRTG", "-m", "mark", "--mark", "0x4000/0x4000", "-j", "RETURN");
            Rule("nat", "FLANNEL-POSTRTG", "-s", pods, "-d", cluster, "-j", "RETURN");
            Rule("nat", "FLANNEL-POSTRTG", "-s", cluster, "-d", pods, "-j", "RETURN");
            Rule("nat", "FLANNEL-POSTRTG", "!", "-s", cluster, "-d", pods, "-j", "RETURN");
            Rule("nat", "FLANNEL-POSTRTG", "-s", cluster, "!", "-d", multicast, "-j", "MASQUERADE", "--random-fully");
            Rule("nat", "FLANNEL-POSTRTG", "!", "-s", cluster, "-d", cluster, "-j", "MASQUERADE", "--random-fully");
            Rule("filter", "FORWARD", "-m", "comment", "--comment", "flanneld forward", "-j", "FLANNEL-FWD");
            Rule("filter", "FLANNEL-FWD", "-s", cluster, "-j", "ACCEPT");
            Rule("filter", "FLANNEL-FWD", "-d", cluster, "-j", "ACCEPT");
        }
    }

    private sealed class Daemons(IReadOnlyList<PodnetDaemon> daemons) : IDisposable
    {
        internal void Start()
        {
            foreach (var daemon in daemons)
                daemon.Start();
            foreach (var daemon in daemons)
            {
                Eventually.TrueAsync(() => daemon.Status()?["peers"] is JsonArray { Count: 1 } peers && peers[0]!["fault"] is null && peers[0]!["ways"]!.ToString().Length > 0,
                    TimeSpan.FromSeconds(60), () => File.ReadAllText(daemon.Log)).GetAwaiter().GetResult();
            }
        }

        public void Dispose()
        {
            foreach (var daemon in daemons)
                daemon.Dispose();
        }
    }

    /// <summary>Two nodes with a pod each.</summary>
    private sealed class Pair : IDisposable
    {
        private EchoPair? _echoV4, _echoV6;
        private Iperf? _iperf;

        internal Pair(ScratchNetNs segment, int first, string network) => (One, Two) = (new BenchNode(segment, first, network), new BenchNode(segment, first + 1, network));

        internal BenchNode One { get; }

        internal BenchNode Two { get; }

        internal IReadOnlyList<BenchNode> Nodes => [One, Two];

        internal Iperf Iperf => _iperf ??= new Iperf(One.Pod, Two.Pod);

        internal EchoPair Echo(bool v6) => v6
            ? _echoV6 ??= new EchoPair(One.Pod, Two.Pod, IPAddress.Parse(Two.PodAddressV6))
            : _echoV4 ??= new EchoPair(One.Pod, Two.Pod, IPAddress.Parse(Two.PodAddress));

        internal void AddPods()
        {
            One.AddPod(1450);
            Two.AddPod(1450);
        }

        public void Dispose()
        {
            _iperf?.Dispose();
            _echoV4?.Dispose();
            _echoV6?.Dispose();
            (_iperf, _echoV4, _echoV6) = (null, null, null);
            One.Dispose();
            Two.Dispose();
        }
    }
}
