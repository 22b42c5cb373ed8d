using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Network.Api.Pki;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Store;

/// <summary>An API server in a process of its own, asked over HTTPS by this one; both share the machine.</summary>
internal static class ApiBenchmark
{
    private const int Pods = 10_000;
    private const int Watchers = 1000;
    private const int WatchesANode = 20;
    private static readonly string s_kilobyte = new('x', 1024);

    internal static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    internal static async Task RunAsync(TextWriter output)
    {
        int[] clientCounts = [1, 16, 64];
        var duration = TimeSpan.FromSeconds(4);
        var directory = Directory.CreateTempSubdirectory("podnet-bench-api-").FullName;
        var pki = ClusterPki.Open(Path.Combine(directory, "pki"), TimeProvider.System);
        var port = FreePort();
        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Network.ControlPlane.Child", configuration, "Network.ControlPlane.Child"));
        var child = Child.Start(new ChildSpec(program, ["sqlite-apiserver", directory, $"{port}"]) { LogFile = Path.Combine(directory, "log") });
        try
        {
            using var http = Client(pki, port, HttpVersion.Version11);
            await Eventually.TrueAsync(async () => await IsReadyAsync(http), TimeSpan.FromSeconds(30), () => File.ReadAllText(Path.Combine(directory, "log")));
            output.WriteLine("through the API server      clients");
            foreach (var clients in clientCounts)
            {
                var taken = await Latencies.MeasureAsync(clients, duration, (_, number) => PostAsync(http, "configmaps", ConfigMap($"c{clients}-{number}")));
                output.WriteLine($"  creates of configmaps     {clients,3}   {taken}");
            }

            await FillAsync(http, output);
            output.WriteLine($"resident with {Pods} pods    {Resident(child.Pid)} MB");
            await ListAsync(http, output);
            await FanOutAsync(http, pki, port, output);
            output.WriteLine($"resident at the end         {Resident(child.Pid)} MB");
        }
        finally
        {
            child.Kill(Processes.SIGKILL);
            child.Wait();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task FillAsync(HttpClient http, TextWriter output)
    {
        (await http.DeleteAsync("/api/v1/namespaces/default/configmaps")).EnsureSuccessStatusCode();
        var clock = Stopwatch.StartNew();
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, 32).Select(async _ =>
        {
            for (int number; (number = Interlocked.Increment(ref next)) <= Pods;)
                await PostAsync(http, "pods", Pod($"web-{number:00000}"));
        }));
        output.WriteLine($"creating {Pods} pods         {Pods / clock.Elapsed.TotalSeconds:0}/s with 32 clients");
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
    private static async Task FanOutAsync(HttpClient http, ClusterPki pki, int port, TextWriter output)
    {
        // As from the nodes of a cluster: several watches a connection.
        var nodes = Enumerable.Range(0, Watchers / WatchesANode).Select(_ => Client(pki, port, HttpVersion.Version20)).ToArray();
        await PostAsync(http, "configmaps", ConfigMap("fan"));
        var (arrived, started) = (0, 0);
        var (times, sent) = (new double[Watchers], 0L);
        using var stop = new CancellationTokenSource();
        var watchers = Enumerable.Range(0, Watchers).Select(watcher => Task.Run(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name=fan")
            {
                Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            using var response = await nodes[watcher / WatchesANode].SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop.Token);
            await using var stream = await response.Content.ReadAsStreamAsync(stop.Token);
            var buffer = new byte[16 * 1024];
            for (var first = true; ; first = false)
            {
                int read;
                do
                    read = await stream.ReadAsync(buffer, stop.Token);
                while (read > 0 && buffer[read - 1] != '\n');
                if (read == 0)
                    return;
                if (first)
                {
                    Interlocked.Increment(ref started);
                    continue;
                }

                times[watcher] = Stopwatch.GetElapsedTime(Volatile.Read(ref sent)).TotalMilliseconds;
                Interlocked.Increment(ref arrived);
            }
        })).ToArray();
        await Eventually.TrueAsync(() => started == Watchers, TimeSpan.FromSeconds(60), () => $"{started} watchers");
        var all = new List<double>();
        for (var round = 0; round < 20; round++)
        {
            Volatile.Write(ref arrived, 0);
            Volatile.Write(ref sent, Stopwatch.GetTimestamp());
            using var patch = new HttpRequestMessage(HttpMethod.Patch, "/api/v1/namespaces/default/configmaps/fan")
            {
                Content = new StringContent($$$"""{"data":{"round":"{{{round}}}"} }""", Encoding.UTF8, "application/merge-patch+json"),
            };
            (await http.SendAsync(patch)).EnsureSuccessStatusCode();
            await Eventually.TrueAsync(() => arrived == Watchers, TimeSpan.FromSeconds(30), () => $"{arrived} arrived");
            // The first rounds warm up.
            if (round >= 5)
                all.AddRange(times);
        }

        var taken = Latencies.Of(all, 1);
        output.WriteLine($"fan-out to {Watchers} watchers    p50 {taken.P50:0.0} ms, p99 {taken.P99:0.0} ms");
        await stop.CancelAsync();
        await Task.WhenAll(watchers.Select(async task => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing)));
        foreach (var node in nodes)
            node.Dispose();
    }

    private static async Task PostAsync(HttpClient http, string plural, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await http.PostAsync($"/api/v1/namespaces/default/{plural}", content);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException(await response.Content.ReadAsStringAsync());
    }

    private static string ConfigMap(string name) => $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"{{{name}}}"},"data":{"v":"{{{s_kilobyte}}}"} }""";

    private static string Pod(string name) => $$$"""
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"{{{name}}}","labels":{"app":"web","tier":"front"}},
        "spec":{"containers":[{"name":"c","image":"registry.example/web:1.2.3","ports":[{"containerPort":8080}],
        "env":[{"name":"A","value":"one"},{"name":"B","value":"two"}],"resources":{"requests":{"cpu":"100m","memory":"64Mi"} } }] } }
        """;

    private static async Task<bool> IsReadyAsync(HttpClient http)
    {
        try
        {
            using var response = await http.GetAsync("/api/v1/namespaces/default/serviceaccounts/default");
            if (response.StatusCode == HttpStatusCode.NotFound)
                await http.PostAsync("/api/v1/namespaces/default/serviceaccounts", new StringContent("""{"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"default"}}""", Encoding.UTF8, "application/json"));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static HttpClient Client(ClusterPki pki, int port, Version version)
    {
        var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        handler.SslOptions.ClientCertificates = [pki.Client("admin", "admin", "system:masters").Load()];
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{port}"), DefaultRequestVersion = version };
    }

    private static long Resident(int pid) =>
        long.Parse(File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
