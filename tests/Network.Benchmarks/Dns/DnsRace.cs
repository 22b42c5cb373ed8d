using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Network.Dns.Client;
using Network.Dns.Wire;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Dns;

/// <summary>
/// Queries a second and processor time a query, each server on one core of its own and dnsperf on the other, with the same
/// questions. Three rounds, servers alternating; the best of each counts.
/// </summary>
/// <param name="known">A name all answer, and its address: a server that answers it is up.</param>
internal sealed partial class DnsRace(IReadOnlyList<DnsPeer> all, DnsZone zone, string questions, (string Name, string Address) known)
{
    internal const int Rounds = 3;
    private const int Seconds = 5;

    /// <param name="ns">Where the servers and dnsperf run.</param>
    internal async Task RunAsync(ScratchNetNs ns, TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("podnet-bench-dns-").FullName;
        try
        {
            var asked = Path.Combine(folder, "questions");
            File.WriteAllText(asked, questions);
            var best = new Dictionary<string, Taken>();
            var peers = all.Where(peer => File.Exists(peer.Program)).ToList();
            for (var round = 0; round < Rounds; round++)
            {
                foreach (var peer in peers)
                {
                    var own = Directory.CreateDirectory(Path.Combine(folder, $"{peer.Name}-{round}")).FullName;
                    var taken = await MeasureAsync(ns, peer, peer.Prepare(zone, own), own, asked);
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
        output.WriteLine("server        queries/s   us of processor a query   p99 at half load   resident   first answer");
        foreach (var (name, taken) in best.OrderBy(pair => pair.Value.Micros))
        {
            output.WriteLine($"{name,-12} {taken.Rate,10:0}   {taken.Micros,23:0.00}   {taken.HalfLoadP99,13:0.000} ms   {taken.Memory,5} MB   {taken.Start,9:0} ms"
                + (name == "podnet" ? "" : $"   podnet: {best["podnet"].Rate / taken.Rate:0.00}x the rate at {best["podnet"].Micros / taken.Micros:0.00}x the processor time"));
        }
    }

    private async Task<Taken> MeasureAsync(ScratchNetNs ns, DnsPeer peer, string[] arguments, string folder, string asked)
    {
        var started = Stopwatch.GetTimestamp();
        var server = Child.Start(new ChildSpec("/usr/bin/taskset", ["-c", "0", peer.Program, .. arguments]) { NetNs = ns.Name, LogFile = Path.Combine(folder, "output") });
        try
        {
            while (!await AnswersAsync(ns))
            {
                if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(30))
                    throw new TimeoutException($"{peer.Name}: {File.ReadAllText(Path.Combine(folder, "output"))}");
            }

            var start = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            Ask(ns, asked, 1, 20_000);
            var before = Busy(server.Pid);
            var full = Ask(ns, asked, Seconds, 1_000_000);
            var micros = (Busy(server.Pid) - before) * 1000 / full.Completed;
            var half = Ask(ns, asked, Seconds, (int)(full.Completed / Seconds / 2), verbose: true);
            return new Taken(full.Completed / full.Seconds, micros, half.P99, Resident(server.Pid), start);
        }
        finally
        {
            foreach (var pid in Tree(server.Pid))
                Processes.Kill(pid, Processes.SIGKILL);
            server.Wait();
        }
    }

    private async Task<bool> AnswersAsync(ScratchNetNs ns)
    {
        var answer = await ResolverClient.AskAsync(new IPEndPoint(IPAddress.Parse(DnsPeer.Address), 53), known.Name, RecordType.A, ns.Name, TimeSpan.FromMilliseconds(200), CancellationToken.None);
        return answer.Records.Contains(known.Address);
    }

    private static (double Completed, double Seconds, double P99) Ask(ScratchNetNs ns, string asked, int seconds, int rate, bool verbose = false)
    {
        string[] arguments = ["-c", "1", "/usr/bin/dnsperf", "-s", DnsPeer.Address, "-d", asked, "-l", $"{seconds}", "-Q", $"{rate}", "-c", "8", "-q", "200", .. verbose ? (string[])["-v"] : []];
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

    internal static List<int> Tree(int pid) =>
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

    private readonly record struct Taken(double Rate, double Micros, double HalfLoadP99, long Memory, double Start);
}
