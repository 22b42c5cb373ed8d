using System.Diagnostics;
using System.Net;
using k8s.Models;
using Network.Benchmarks.Store;
using Network.Client;
using Network.Dns.Client;
using Network.Dns.Wire;
using Network.TestKit;

namespace Network.Benchmarks.Dns;

/// <summary>From sending a service or an endpoint to the API server to the changed answer of every node's DNS server.</summary>
internal static class ChangeBenchmark
{
    private const string Cluster = "benchdns";
    private const int Rounds = 200;
    private static readonly string[] s_nodes = ["w1", "w2", "w3"];
    private static readonly IPEndPoint s_server = new(IPAddress.Parse("10.96.0.10"), 53);

    internal static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    internal static async Task RunAsync(TextWriter output)
    {
        var podnet = Path.Combine(Environment.GetEnvironmentVariable("PODNET_BIN") ?? "artifacts/bin-release", "podnet");
        try
        {
            Shell.Run(podnet, "up", "--name", Cluster, "--nodes", "3", "--api-port", "17444");
            using var client = new ApiClient(ApiEndpoint.FromKubeconfig($"/var/lib/podnet/clusters/{Cluster}/kubeconfig"));
            var services = new List<double>();
            var endpoints = new List<double>();
            for (var round = 0; round < Rounds + 5; round++)
            {
                var number = round;
                var service = await MeasureAsync($"s{number}.default.svc.cluster.local", null, () => client.CreateAsync(Resources.Services, Service($"s{number}", null)));
                await client.CreateAsync(Resources.Services, Service($"h{number}", "None"));
                var endpoint = await MeasureAsync($"h{number}.default.svc.cluster.local", "10.244.9.9", () => client.CreateAsync(Resources.EndpointSlices, Slice($"h{number}")));
                if (round < 5)
                    continue;
                services.AddRange(service);
                endpoints.AddRange(endpoint);
            }

            output.WriteLine($"service sent to its answer on each of {s_nodes.Length} nodes    {Latencies.Of(services, 1)}");
            output.WriteLine($"endpoint sent to its answer on each of {s_nodes.Length} nodes   {Latencies.Of(endpoints, 1)}");
            output.WriteLine("goals: p50 20 ms, p99 80 ms");
        }
        finally
        {
            Shell.Run(podnet, "down", "--name", Cluster);
        }
    }

    private static async Task<double[]> MeasureAsync(string name, string? address, Func<Task> write)
    {
        var started = Stopwatch.GetTimestamp();
        var waiting = s_nodes.Select(node => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10))
            {
                var answer = await ResolverClient.AskAsync(s_server, name, RecordType.A, $"{Cluster}-{node}", TimeSpan.FromSeconds(1), CancellationToken.None);
                if (answer.Records.Count > 0 && (address is null || answer.Records.Contains(address)))
                    return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }

            throw new TimeoutException($"{name} is not answered on {node}");
        })).ToArray();
        await write();
        return await Task.WhenAll(waiting);
    }

    private static V1Service Service(string name, string? address) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec { ClusterIP = address, Ports = [new V1ServicePort { Port = 80 }] },
    };

    private static V1EndpointSlice Slice(string service) => new()
    {
        Metadata = new V1ObjectMeta { Name = service, NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service } },
        AddressType = "IPv4",
        Endpoints = [new V1Endpoint { Addresses = ["10.244.9.9"], Conditions = new V1EndpointConditions { Ready = true } }],
    };
}
