using System.Collections.Concurrent;
using System.Diagnostics;
using DnsClient;
using k8s.Models;
using Network.Client;
using Xunit;

namespace Network.EndToEnd.Tests.Dns;

/// <summary>How soon.</summary>
internal static class ScaleRows
{
    private const int Changes = 40;

    // Far from what is usual, which the row prints.
    private static readonly TimeSpan s_latest = TimeSpan.FromSeconds(2);
    private static readonly string[] s_pods = ["asker", "asker-2"];

    internal static IReadOnlyList<DnsRow> All { get; } =
    [
        new("scale: a service is written to the API", "every node answers it at once (p50 and p99 are printed)", "DnsClient", LatencyAsync),
    ];

    private static async Task LatencyAsync(DnsCluster cluster)
    {
        using var client = new ApiClient(ApiEndpoint.FromKubeconfig(cluster.Lab.Kubeconfig));
        var taken = new ConcurrentBag<double>();
        for (var i = 0; i < Changes; i++)
        {
            var name = $"late-{i}";
            var started = Stopwatch.GetTimestamp();
            var waiting = s_pods.Select(pod => Task.Run(() =>
            {
                while (cluster.Ask(pod, $"{name}.default.svc.cluster.local", QueryType.A, tcp: false).Answers.Count == 0)
                {
                    if (Stopwatch.GetElapsedTime(started) > s_latest)
                        throw new TimeoutException($"{name} is not answered at {pod} after {s_latest.TotalSeconds} s");
                }

                taken.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            })).ToArray();
            await client.CreateAsync(Resources.Services, Service(name));
            await Task.WhenAll(waiting);
        }

        var sorted = taken.Order().ToList();
        TestContext.Current.SendDiagnosticMessage($"service written to answered on every node: p50 {sorted[sorted.Count / 2]:0.0} ms, p99 {sorted[(int)(sorted.Count * 0.99)]:0.0} ms");
    }

    private static V1Service Service(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec { Ports = [new V1ServicePort { Port = 80 }] },
    };
}
