using System.Diagnostics;
using System.Text.Json.Nodes;
using Network.Linux;

namespace Network.Benchmarks.Diagnosis;

/// <summary>
/// Forty questions while another connection takes 5 Gbit/s of the same way: is every journey rebuilt at every device, there and
/// back, and what does the other connection lose?
/// </summary>
internal static class ExplainBenchmark
{
    private const int Questions = 40;
    private const int Quiet = 8;
    private const int Longest = 60;

    internal static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    internal static async Task RunAsync(TextWriter output)
    {
        using var cluster = new PairCluster();
        var points = Points(Explain(cluster)).Max();
        var clock = Stopwatch.StartNew();
        var traffic = cluster.TrafficAsync(Longest, "-b", "5G");
        await Task.Delay(TimeSpan.FromSeconds(Quiet));
        var (whole, taken) = (0, new List<double>());
        var began = clock.Elapsed.TotalSeconds;
        for (var i = 0; i < Questions; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var answer = Explain(cluster);
            taken.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            whole += answer["healthy"]!.GetValue<bool>() && Points(answer).All(count => count == points) ? 1 : 0;
        }

        var ended = clock.Elapsed.TotalSeconds;
        var rates = (await traffic)["intervals"]!.AsArray().Select(interval => interval!["sum"]!["bits_per_second"]!.GetValue<double>() / 1e9).ToList();
        // The first second is the connection's own start; those after the last question are as quiet as those before.
        var quiet = rates.Where((_, second) => second >= 1 && (second + 1 < began || second > ended)).Average();
        var asked = rates.Where((_, second) => second >= began && second + 1 <= ended).Average();
        taken.Sort();
        output.WriteLine($"{Questions} questions at 5 Gbit/s: {whole} journeys whole ({points} points each of both probes), p50 {taken[Questions / 2]:0.00} s, longest {taken[^1]:0.00} s (goal 5 s)");
        output.WriteLine($"the other connection: {quiet:0.00} Gbit/s alone, {asked:0.00} Gbit/s meanwhile: {(1 - (asked / quiet)) * 100:0.0} % less (goal under 10 %)");
    }

    private static JsonNode Explain(PairCluster cluster) =>
        JsonNode.Parse(Command.RunAsync(cluster.Podnet, "explain", "pod/client", "svc/web", "--name", PairCluster.Name, "-o", "json").GetAwaiter().GetResult().Output)!;

    private static List<int> Points(JsonNode answer) => answer["trials"]!.AsArray()
        .Select(trial => trial!["hops"]!.AsArray().Select(hop => (hop!["leg"]!.GetValue<string>(), hop["place"]!.GetValue<string>(), hop["device"]!.GetValue<string>())).Distinct().Count()).ToList();
}
