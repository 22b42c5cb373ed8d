using System.Net;
using System.Text.Json.Nodes;
using Network.TestKit;

namespace Network.Benchmarks.Overlay;

/// <summary>
/// Pod to pod across VXLAN: nodes that podnet programs beside nodes programmed by hand with <c>ip</c>, same segment, same
/// kernel, one after the other in every round. Ours includes the masquerade and forward rules, the other has no rule at all.
/// </summary>
internal static class ThroughputBenchmark
{
    private static readonly int s_rounds = int.TryParse(Environment.GetEnvironmentVariable("OVERLAY_ROUNDS"), out var rounds) ? rounds : 7;
    private const double Seconds = 2;
    private const int RoundTrips = 5000;

    internal static void Run(TextWriter output)
    {
        output.WriteLine($"load {File.ReadAllText("/proc/loadavg").Trim()}; {s_rounds} rounds of {Seconds} s; medians");
        var folder = Directory.CreateTempSubdirectory("overlay-throughput");
        using var segment = BenchNode.Segment();
        using var ours = new Pair(segment, 1, "10.98");
        using var hand = new Pair(segment, 3, "10.97");
        using var daemons = Program(ours, folder.FullName);
        Program(hand.One, hand.Two);
        Program(hand.Two, hand.One);
        foreach (var pair in (Pair[])[ours, hand])
            pair.AddPods();
        foreach (var (name, measure, unit, less) in Measures())
            Compare(output, name, measure, unit, less, ours, hand);

        output.WriteLine($"load {File.ReadAllText("/proc/loadavg").Trim()}");
        daemons.Dispose();
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

    private static void Compare(TextWriter output, string name, Func<Pair, double> measure, string unit, bool lessIsBetter, Pair ours, Pair hand)
    {
        var values = new[] { new List<double>(), new List<double>() };
        for (var round = 0; round < s_rounds; round++)
        {
            // Who goes first changes, so that neither has the better half of the round.
            foreach (var i in (int[])(round % 2 == 0 ? [0, 1] : [1, 0]))
                values[i].Add(measure(i == 0 ? ours : hand));
        }

        var ratios = values[0].Zip(values[1], (our, their) => lessIsBetter ? their / our : our / their).ToList();
        output.WriteLine($"{name,-22} podnet {Median(values[0]),7:0.00}  by hand {Median(values[1]),7:0.00} {unit,-6}  ratio {Median(ratios):0.000} (of rounds {ratios.Min():0.00} to {ratios.Max():0.00}; of medians "
            + $"{(lessIsBetter ? Median(values[1]) / Median(values[0]) : Median(values[0]) / Median(values[1])):0.000})");
        output.Flush();
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2] + sorted[(sorted.Count / 2) - 1]) / 2;
    }

    private static Daemons Program(Pair pair, string folder)
    {
        var file = Path.Combine(folder, "network.json");
        PodnetDaemon.Write(file, PodnetDaemon.Describe(["10.98.0.0/16", "fd00::/16"], 7,
            pair.Nodes.Select(node => (node.Name, new[] { node.PodCidr, node.PodCidrV6 }, node.Address))));
        var daemons = new Daemons([.. pair.Nodes.Select(node => new PodnetDaemon(node, folder, file))]);
        daemons.Start();
        return daemons;
    }

    // What the daemon programs, in the words of iproute2.
    private static void Program(BenchNode node, BenchNode peer)
    {
        const string device = "hand";
        node.Ns.Exec("ip", "link", "add", device, "mtu", "1450", "address", $"02:00:00:00:00:0{node.Number}", "type", "vxlan", "id", "8", "dstport", "4789",
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
