using System.Diagnostics;

namespace Network.Benchmarks.Store;

/// <summary>Rate and latency of one action done by several clients at once.</summary>
internal sealed record Latencies(double PerSecond, double P50, double P99)
{
    /// <param name="act">Gets the client and a number that no other call gets.</param>
    internal static async Task<Latencies> MeasureAsync(int clients, TimeSpan duration, Func<int, int, Task> act)
    {
        var number = 0;
        var taken = new List<double>[clients];
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            var mine = taken[client] = [];
            while (clock.Elapsed < duration)
            {
                var start = Stopwatch.GetTimestamp();
                await act(client, Interlocked.Increment(ref number));
                mine.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        })));
        var seconds = clock.Elapsed.TotalSeconds;
        return Of(taken.SelectMany(part => part), seconds);
    }

    internal static Latencies Of(IEnumerable<double> milliseconds, double seconds)
    {
        var sorted = milliseconds.Order().ToArray();
        return new Latencies(sorted.Length / seconds, sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)]);
    }

    public override string ToString() => $"{PerSecond,8:0}/s  p50 {P50,6:0.00} ms  p99 {P99,7:0.00} ms";
}
