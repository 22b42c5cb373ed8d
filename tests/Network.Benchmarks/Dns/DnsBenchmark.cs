using System.Globalization;
using System.Text.RegularExpressions;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Dns;

/// <summary>
/// Queries a second and processor time a query, each server on one core of its own and dnsperf on the other, with the same
/// 10,000 names and the same questions. Three rounds, servers alternating; the best of each counts.
/// </summary>
internal static partial class DnsBenchmark
{
    private const int Names = 10_000;
    private const int Rounds = 3;
    private const int Seconds = 5;

    internal static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    internal static async Task RunAsync(TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("podnet-bench-dns-").FullName;
        using var ns = new ScratchNetNs("dns");
        try
        {
            var zone = DnsZone.Of(Names);
            var questions = Path.Combine(folder, "questions");
            File.WriteAllText(questions, zone.Questions(200_000));
            var best = new Dictionary<string, Taken>();
            var peers = DnsPeer.All.Where(peer => File.Exists(peer.Program)).ToList();
            for (var round = 0; round < Rounds; round++)
            {
                foreach (var peer in peers)
                {
                    var own = Directory.CreateDirectory(Path.Combine(folder, $"{peer.Name}-{round}")).FullName;
                    var taken = await MeasureAsync(ns, peer, peer.Prepare(zone, own), own, questions);
                    if (!best.TryGetValue(peer.Name, out var former) || taken.Micros < former.Micros)
                        best[peer.Name] = taken;
                }
            }

            Report(output, best);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Report(TextWriter output, Dictionary<string, Taken> best)
    {
        output.WriteLine($"{Names} names, 10 % of the questions for names that do not exist, one core each, best of {Rounds}");
        output.WriteLine("server        queries/s   us of processor a query   p99 at half load   resident");
        foreach (var (name, taken) in best.OrderBy(pair => pair.Value.Micros))
        {
            output.WriteLine($"{name,-12} {taken.Rate,10:0}   {taken.Micros,23:0.00}   {taken.HalfLoadP99,13:0.000} ms   {taken.Memory,5} MB"
                + (name == "podnet" ? "" : $"   podnet: {best["podnet"].Rate / taken.Rate:0.00}x the rate at {best["podnet"].Micros / taken.Micros:0.00}x the processor time"));
        }
    }

    private static async Task<Taken> MeasureAsync(ScratchNetNs ns, DnsPeer peer, string[] arguments, string folder, string questions)
    {
        var server = Child.Start(new ChildSpec("/usr/bin/taskset", ["-c", "0", peer.Program, .. arguments]) { NetNs = ns.Name, LogFile = Path.Combine(folder, "output") });
        try
        {
            await Eventually.TrueAsync(() => Answers(ns), TimeSpan.FromSeconds(30), () => $"{peer.Name}: {File.ReadAllText(Path.Combine(folder, "output"))}");
            Ask(ns, questions, 1, 20_000);
            var before = Busy(server.Pid);
            var full = Ask(ns, questions, Seconds, 1_000_000);
            var micros = (Busy(server.Pid) - before) * 1000 / full.Completed;
            var half = Ask(ns, questions, Seconds, (int)(full.Completed / Seconds / 2), verbose: true);
            return new Taken(full.Completed / full.Seconds, micros, half.P99, Resident(server.Pid));
        }
        finally
        {
            foreach (var pid in Tree(server.Pid))
                Processes.Kill(pid, Processes.SIGKILL);
            server.Wait();
        }
    }

    private static bool Answers(ScratchNetNs ns)
    {
        try
        {
            return ns.Exec("dig", $"@{DnsPeer.Address}", "+short", "+tries=1", "+time=1", $"service-9.{DnsZone.Origin}").Trim() == "10.96.0.9";
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static (double Completed, double Seconds, double P99) Ask(ScratchNetNs ns, string questions, int seconds, int rate, bool verbose = false)
    {
        string[] arguments = ["-c", "1", "/usr/bin/dnsperf", "-s", DnsPeer.Address, "-d", questions, "-l", $"{seconds}", "-Q", $"{rate}", "-c", "8", "-q", "200", .. verbose ? (string[])["-v"] : []];
        var text = ns.Exec("taskset", arguments);
        var latencies = verbose ? Latency().Matches(text).Select(match => Number(match.Groups[1].Value)).Order().ToList() : [];
        return (Number(Completed().Match(text).Groups[1].Value), Number(RunTime().Match(text).Groups[1].Value),
            latencies.Count == 0 ? 0 : latencies[(int)(latencies.Count * 0.99)] * 1000);
    }

    // Milliseconds of the server and its children (nsd answers in one).
    private static double Busy(int pid) => Tree(pid).Sum(id =>
    {
        // proc_pid_stat(5): fields 14 and 15, in hundredths of a second, are too coarse; schedstat counts nanoseconds.
        return Directory.GetDirectories($"/proc/{id}/task").Sum(task => double.Parse(File.ReadAllText($"{task}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture)) / 1e6;
    });

    private static long Resident(int pid) => Tree(pid).Sum(id => long.Parse(File.ReadLines($"/proc/{id}/status")
        .First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)) / 1024;

    private static List<int> Tree(int pid) =>
    [
        pid, .. Directory.GetDirectories($"/proc/{pid}/task").SelectMany(task => File.ReadAllText($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .SelectMany(child => Tree(int.Parse(child, CultureInfo.InvariantCulture))),
    ];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"Queries completed:\s+(\d+)")]
    private static partial Regex Completed();

    [GeneratedRegex(@"Run time \(s\):\s+([\d.]+)")]
    private static partial Regex RunTime();

    [GeneratedRegex(@"^> \w+ .* ([\d.]+)$", RegexOptions.Multiline)]
    private static partial Regex Latency();

    private readonly record struct Taken(double Rate, double Micros, double HalfLoadP99, long Memory);
}
