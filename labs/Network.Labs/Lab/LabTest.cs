using System.Diagnostics;
using System.Globalization;

namespace Network.Labs.Lab;

/// <summary>
/// A lab from start to finish: healthy before, broken with the right finding at the right place (and nothing found where nothing is
/// broken), healthy after the solution.
/// </summary>
public static class LabTest
{
    /// <summary>So long may an explanation take.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <returns>Whether all was as it should be; each step is told.</returns>
    public static async Task<bool> RunAsync(Lab lab, LabRunner runner, CancellationToken cancel)
    {
        var report = new Report(lab.Name);
        await runner.BuildAsync(cancel).ConfigureAwait(false);
        report.Tell("built");
        // Readiness travels to every node's rules and names; the first answers may come before it.
        var before = await runner.AskUntilAsync(lab.Question, seen => seen.Healthy, cancel).ConfigureAwait(false);
        report.Check("healthy before", before.Healthy, before.Text);
        await runner.BreakAsync(cancel).ConfigureAwait(false);
        foreach (var (fault, proof) in await runner.ProofsAsync(cancel).ConfigureAwait(false))
            report.Check($"{fault.Fault.Name} is in", proof is not null, proof ?? "nothing shows it");
        bool Found(LabSight sight) => lab.Finds.All(sight.Findings.Contains);
        var broken = await runner.AskUntilAsync(lab.Question, Found, cancel).ConfigureAwait(false);
        var started = Stopwatch.GetTimestamp();
        var again = await runner.AskAsync(lab.Question, cancel).ConfigureAwait(false);
        report.Check($"explained: {string.Join(", ", lab.Finds)}", Found(broken) && Found(again), again.Text);
        report.Check($"within {s_limit.TotalSeconds:0} s", Stopwatch.GetElapsedTime(started) < s_limit, $"{Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s");
        if (lab.Healthy is { } control)
        {
            var healthy = await runner.AskUntilAsync(control, seen => seen.Healthy, cancel).ConfigureAwait(false);
            report.Check($"no fault: {control}", healthy.Healthy, healthy.Text);
        }

        var hints = await runner.HintsAsync(cancel).ConfigureAwait(false);
        report.Check("a hint fits", hints.Count > 0 || again.Healthy, "no hint for what is wrong");
        await runner.SolveAsync(cancel).ConfigureAwait(false);
        var after = await runner.AskUntilAsync(lab.Question, seen => seen.Healthy && !seen.Findings.Intersect(lab.Finds).Any(), cancel).ConfigureAwait(false);
        report.Check("healthy after", after.Healthy && !after.Findings.Intersect(lab.Finds).Any(), after.Text);
        return report.Passed;
    }

    private sealed class Report(string lab)
    {
        private readonly long _started = Stopwatch.GetTimestamp();

        internal bool Passed { get; private set; } = true;

        internal void Check(string what, bool good, string seen)
        {
            Passed &= good;
            Tell($"{(good ? "PASS" : "FAIL")} {what}{(good ? "" : $"\n{seen}")}");
        }

        internal void Tell(string text) => Console.WriteLine($"{Stopwatch.GetElapsedTime(_started).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture),6} s  {lab}: {text}");
    }
}
