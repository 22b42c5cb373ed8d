using System.Diagnostics;
using System.Globalization;
using k8s.Models;
using Network.Client;
using Network.TestKit;

namespace Network.Benchmarks.Proxy;

/// <summary>
/// From the write of an endpoint to its rules on each of three nodes, among 1,000 services, as the nodes' own metrics tell it. Needs the
/// published binaries (PODNET_BIN). PODNET_PROXY_MODE=iptables for the other way to write rules.
/// </summary>
internal static class LatencyBenchmark
{
    private const string Cluster = "benchlat";
    private const int Services = 1000, Changes = 400;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(40);
    private static readonly string[] s_nodes = ["w1", "w2", "w3"];

    internal static void Run(TextWriter output)
    {
        var podnet = Path.Combine(Environment.GetEnvironmentVariable("PODNET_BIN") ?? "artifacts/bin-release", "podnet");
        var mode = Environment.GetEnvironmentVariable("PODNET_PROXY_MODE") ?? "nftables";
        try
        {
            Shell.Run(podnet, "up", "--name", Cluster, "--nodes", "3", "--api-port", "17444", "--proxy-mode", mode);
            RunAsync(output, mode).GetAwaiter().GetResult();
        }
        finally
        {
            Shell.Run(podnet, "down", "--name", Cluster);
        }
    }

    private static async Task RunAsync(TextWriter output, string mode)
    {
        using var client = new ApiClient(ApiEndpoint.FromKubeconfig($"/var/lib/podnet/clusters/{Cluster}/kubeconfig"));
        var slices = new List<V1EndpointSlice>();
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < Services; i++)
        {
            await client.CreateAsync(Resources.Services, new V1Service
            {
                Metadata = new V1ObjectMeta { Name = $"s{i}", NamespaceProperty = "default" },
                Spec = new V1ServiceSpec { Ports = [new V1ServicePort { Name = "p", Port = 80, Protocol = "TCP" }] },
            });
            slices.Add(await client.CreateAsync(Resources.EndpointSlices, Slice(i, 0)));
        }

        output.WriteLine($"{Services} services with 2 endpoints created in {clock.Elapsed.TotalSeconds:0.0} s, mode {mode}");
        await SettleAsync();
        string[] names = ["kubeproxy_network_programming_duration_seconds", "podnet_proxy_watch_to_commit_seconds"];
        var before = names.Select(name => s_nodes.Select(node => Buckets(node, name)).ToList()).ToList();
        var idle = s_nodes.Select(Processor).ToList();
        for (var i = 0; i < Changes; i++)
        {
            var at = i * 7 % Services;
            var next = Slice(at, 1 + (i / 100));
            next.Metadata.Name = slices[at].Metadata.Name;
            next.Metadata.ResourceVersion = slices[at].Metadata.ResourceVersion;
            next.Metadata.Annotations = new Dictionary<string, string>
            {
                ["endpoints.kubernetes.io/last-change-trigger-time"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
            };
            slices[at] = await client.ReplaceAsync(Resources.EndpointSlices, next);
            await Task.Delay(s_pause);
        }

        await SettleAsync();
        output.WriteLine("metric                                           node   count     p50       p99");
        for (var n = 0; n < names.Length; n++)
        {
            for (var i = 0; i < s_nodes.Length; i++)
            {
                var (bounds, counts) = Difference(before[n][i], Buckets(s_nodes[i], names[n]));
                output.WriteLine($"{names[n],-48} {s_nodes[i]} {counts[^1],8:0} {Quantile(bounds, counts, 0.5) * 1000,6:0.0} ms {Quantile(bounds, counts, 0.99) * 1000,6:0.0} ms");
            }
        }

        for (var i = 0; i < s_nodes.Length; i++)
            output.WriteLine($"agent of {s_nodes[i]}: {Processor(s_nodes[i]) - idle[i]:0.00} s of processor for {Changes} changes, {Value(s_nodes[i], "process_resident_memory_bytes") / 1024 / 1024:0} MB resident");
        output.WriteLine("goals: write to rule on all nodes p50 30 ms, p99 100 ms");
    }

    private static V1EndpointSlice Slice(int service, int version) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = $"s{service}-x",
            NamespaceProperty = "default",
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = $"s{service}" },
        },
        AddressType = "IPv4",
        Ports = [new Discoveryv1EndpointPort { Name = "p", Port = 8080, Protocol = "TCP" }],
        Endpoints = [.. Enumerable.Range(0, 2).Select(i => new V1Endpoint { Addresses = [$"10.244.{100 + (service / 100)}.{1 + ((((service * 2) + i) + (version * 50)) % 250)}"], Conditions = new V1EndpointConditions { Ready = true } })],
    };

    // Until no node has committed anything for a moment.
    private static async Task SettleAsync()
    {
        double last = -1, quiet = 0;
        for (var clock = Stopwatch.StartNew(); quiet < 3 && clock.Elapsed < TimeSpan.FromSeconds(120);)
        {
            await Task.Delay(500);
            var count = s_nodes.Sum(node => Value(node, "kubeproxy_sync_proxy_rules_duration_seconds_count"));
            quiet = count == last ? quiet + 1 : 0;
            last = count;
        }
    }

    private static double Processor(string node) => Value(node, "process_cpu_seconds_total");

    private static string Metrics(string node) => Shell.RunIn($"{Cluster}-{node}", "busybox", "wget", "-qO-", "http://127.0.0.1:10247/metrics");

    private static double Value(string node, string name) => Metrics(node).Split('\n').Where(line => line.StartsWith(name + " ", StringComparison.Ordinal))
        .Select(line => double.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture)).FirstOrDefault();

    private static List<(double Bound, double Count)> Buckets(string node, string name) => Metrics(node).Split('\n')
        .Where(line => line.StartsWith($"{name}_bucket", StringComparison.Ordinal))
        .Select(line => line.Split('"')[1] is var bound && bound == "+Inf" ? (double.PositiveInfinity, Last(line)) : (double.Parse(bound, CultureInfo.InvariantCulture), Last(line))).ToList();

    private static double Last(string line) => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);

    private static (double[] Bounds, double[] Counts) Difference(List<(double Bound, double Count)> before, List<(double Bound, double Count)> after) =>
        (after.Select(pair => pair.Bound).ToArray(), after.Select((pair, i) => pair.Count - (before.Count > i ? before[i].Count : 0)).ToArray());

    // Within a bucket the values are taken as spread evenly.
    private static double Quantile(double[] bounds, double[] counts, double share)
    {
        if (counts.Length == 0 || counts[^1] == 0)
            return double.NaN;
        var rank = share * counts[^1];
        var i = Array.FindIndex(counts, count => count >= rank);
        var (low, below) = i == 0 ? (0.0, 0.0) : (bounds[i - 1], counts[i - 1]);
        return double.IsInfinity(bounds[i]) ? low : low + ((bounds[i] - low) * (rank - below) / Math.Max(1, counts[i] - below));
    }
}
