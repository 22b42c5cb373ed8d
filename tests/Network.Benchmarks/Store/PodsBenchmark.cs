using System.Diagnostics;
using System.Text;
using Network.TestKit;

namespace Network.Benchmarks.Store;

/// <summary>A server that holds 10,000 pods: memory, the list of all of them, one change that 1,000 watchers see.</summary>
internal static class PodsBenchmark
{
    private const int Pods = 10_000;
    private const int WatchesANode = 20;
    private const int WarmUp = 5;
    private const int Rounds = 300;
    private static int s_filled;

    internal static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    internal static async Task RunAsync(TextWriter output)
    {
        foreach (var (name, start) in ServerUnderLoad.All)
        {
            output.WriteLine(name);
            s_filled = 0;
            using var server = await start();
            await RunAsync(server, output);
        }
    }

    private static async Task RunAsync(ServerUnderLoad server, TextWriter output)
    {
        Memory(output, server, "empty");
        for (var pods = Pods / 4; pods <= Pods; pods *= 2)
            await FillAsync(server, pods, output);
        await SettleAsync(server);
        Memory(output, server, "a moment later");
        await ListAsync(server.Http, output);
        foreach (var watchers in (int[])[200, 500, 1000])
            await FanOutAsync(server, watchers, output);
        Memory(output, server, "at the end");
    }

    // A quiet server gives memory back within a quarter of a minute; one that does not is measured as it is.
    private static async Task SettleAsync(ServerUnderLoad server)
    {
        var (before, clock) = (server.Resident().All, Stopwatch.StartNew());
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (server.Resident().All > before - 5 && clock.Elapsed < TimeSpan.FromSeconds(20))
            await timer.WaitForNextTickAsync();
    }

    private static void Memory(TextWriter output, ServerUnderLoad server, string when)
    {
        var (all, anonymous) = server.Resident();
        output.WriteLine($"resident, {when,-18} {all} MB, of it {anonymous} MB its own");
    }

    // Up to so many; what each costs shows between the steps.
    private static async Task FillAsync(ServerUnderLoad server, int pods, TextWriter output)
    {
        var (clock, before, busy) = (Stopwatch.StartNew(), s_filled, server.Busy());
        await Task.WhenAll(Enumerable.Range(0, 32).Select(async _ =>
        {
            for (int number; (number = Interlocked.Increment(ref s_filled)) <= pods;)
                await server.PostAsync("pods", Pod($"web-{number:00000}"));
        }));
        s_filled = pods;
        output.WriteLine($"creating up to {pods,5} pods   {(pods - before) / clock.Elapsed.TotalSeconds:0}/s with 32 clients, "
            + $"{(server.Busy() - busy) * 1000 / (pods - before):0} us of the server's processor each");
        Memory(output, server, $"with {pods} pods");
    }

    private static async Task ListAsync(HttpClient http, TextWriter output)
    {
        var (times, bytes) = (new List<double>(), 0L);
        for (var i = 0; i < 15; i++)
        {
            var start = Stopwatch.GetTimestamp();
            using var response = await http.GetAsync("/api/v1/pods", HttpCompletionOption.ResponseHeadersRead);
            var buffer = new byte[256 * 1024];
            await using var stream = await response.Content.ReadAsStreamAsync();
            bytes = 0;
            for (int read; (read = await stream.ReadAsync(buffer)) > 0;)
                bytes += read;
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Sort();
        output.WriteLine($"list of {Pods} pods          best {times[0]:0} ms, median {times[times.Count / 2]:0} ms, {bytes / 1024.0 / 1024.0:0.0} MB");
    }

    // The time from sending an update to each watcher's having its event.
    private static async Task FanOutAsync(ServerUnderLoad server, int watchers, TextWriter output)
    {
        var name = $"fan-{watchers}";
        var path = $"/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3D{name}";
        await server.PostAsync("configmaps", ApiBenchmark.ConfigMap(name));
        var (arrived, started) = (0, 0);
        var (times, sent) = (new double[watchers], 0L);
        // As from the nodes of a cluster: several watches a connection.
        var nodes = await Task.WhenAll(Enumerable.Range(0, watchers / WatchesANode).Select(node => server.WatchAsync(WatchesANode, watch =>
        {
            // The first event of a watch is the object as it is.
            if (Volatile.Read(ref sent) == 0)
            {
                Interlocked.Increment(ref started);
                return;
            }

            times[(node * WatchesANode) + watch] = Stopwatch.GetElapsedTime(Volatile.Read(ref sent)).TotalMilliseconds;
            Interlocked.Increment(ref arrived);
        })));
        var watching = nodes.Select(node => node.RunAsync(path)).ToArray();
        await Eventually.TrueAsync(() => started == watchers, TimeSpan.FromSeconds(60), () => $"{started} watchers");
        var all = new List<double>();
        var slowest = new List<double>();
        var (busy, self) = (0.0, TimeSpan.Zero);
        for (var round = 0; round < WarmUp + Rounds; round++)
        {
            if (round == WarmUp)
                (busy, self) = (server.Busy(), Process.GetCurrentProcess().TotalProcessorTime);
            Volatile.Write(ref arrived, 0);
            Volatile.Write(ref sent, Stopwatch.GetTimestamp());
            using var patch = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/namespaces/default/configmaps/{name}")
            {
                Content = new StringContent($$$"""{"data":{"round":"{{{round}}}"} }""", Encoding.UTF8, "application/merge-patch+json"),
            };
            (await server.Http.SendAsync(patch)).EnsureSuccessStatusCode();
            await Eventually.TrueAsync(() => arrived == watchers, TimeSpan.FromSeconds(30), () => $"{arrived} arrived");
            if (round < WarmUp)
                continue;
            all.AddRange(times);
            slowest.Add(times.Max());
        }

        var taken = Latencies.Of(all, 1);
        output.WriteLine($"fan-out to {watchers} watchers    p50 {taken.P50:0.0} ms, p99 {taken.P99:0.0} ms; the slowest watcher of a round: median {slowest.Order().ElementAt(slowest.Count / 2):0.0} ms, worst {slowest.Max():0.0} ms");
        var delivered = (double)Rounds * watchers;
        output.WriteLine($"processor an event and watcher: server {(server.Busy() - busy) * 1000 / delivered:0} us, "
            + $"this client {(Process.GetCurrentProcess().TotalProcessorTime - self).TotalMicroseconds / delivered:0} us");
        foreach (var node in nodes)
            node.Dispose();
        await Task.WhenAll(watching.Select(async task => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing)));
    }

    private static string Pod(string name) => $$$"""
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"{{{name}}}","labels":{"app":"web","tier":"front"}},
        "spec":{"containers":[{"name":"c","image":"registry.example/web:1.2.3","ports":[{"containerPort":8080}],
        "env":[{"name":"A","value":"one"},{"name":"B","value":"two"}],"resources":{"requests":{"cpu":"100m","memory":"64Mi"} } }] } }
        """;
}
