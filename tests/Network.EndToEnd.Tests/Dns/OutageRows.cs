using System.Diagnostics;
using Network.EndToEnd.Tests.Cluster;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests.Dns;

/// <summary>What is still answered when others are gone.</summary>
internal static class OutageRows
{
    private const string Stale = "EDE: 3 (Stale Answer)";

    internal static IReadOnlyList<DnsRow> All { get; } =
    [
        new("outage: the upstream is dead", "what it said before is given on, marked stale (RFC 8767, RFC 8914); names of the cluster are as they were", "dig by UDP and TCP", UpstreamAsync),
        new("outage: the API server is stopped and DNS starts again", "names of the cluster are answered within a second, marked stale; fresh again after the API server is back", "dig by UDP and TCP", ApiServerAsync),
    ];

    // A start that has to compile itself first takes longer.
    private static TimeSpan Start => File.Exists($"{LabCluster.Podnet}.dll") ? TimeSpan.FromSeconds(10) : TimeSpan.FromSeconds(1);

    private static async Task UpstreamAsync(DnsCluster cluster)
    {
        Assert.Contains("203.0.113.81", cluster.DigFrom("asker", "other.outside.test", "A"));
        await cluster.Upstream.StopAsync();
        try
        {
            var last = "";
            await Eventually.TrueAsync(() => (last = cluster.DigFrom("asker", "other.outside.test", "A")).Contains(Stale), TimeSpan.FromSeconds(10), () => last);
            Assert.Contains("203.0.113.81", last);
            Assert.Contains("203.0.113.81", cluster.DigFrom("asker", "+tcp", "other.outside.test", "A"));
            Assert.DoesNotContain("EDE", cluster.DigFrom("asker", "7web.default.svc.cluster.local", "A"));
        }
        finally
        {
            await cluster.Upstream.StartAsync();
        }
    }

    private static async Task ApiServerAsync(DnsCluster cluster)
    {
        await cluster.Parts.StopAsync("apiserver", CancellationToken.None);
        try
        {
            await cluster.Parts.StopAsync("w1/dns", CancellationToken.None);
            var clock = Stopwatch.StartNew();
            cluster.Parts.Start("w1/dns");
            var last = "";
            await Eventually.TrueAsync(() => (last = Try(cluster)).Contains("10.96.77.77"), Start, () => last);
            TestContext.Current.SendDiagnosticMessage($"API server stopped, DNS started: answered after {clock.ElapsedMilliseconds} ms");
            Assert.Contains(Stale, last);
            Assert.Contains(Stale, cluster.DigFrom("asker", "+tcp", "7web.default.svc.cluster.local", "A"));
            Assert.Contains("peer-1.peers.default.svc.cluster.local.", cluster.DigFrom("asker", "_http._tcp.peers.default.svc.cluster.local", "SRV"));
        }
        finally
        {
            cluster.Parts.Start("apiserver");
        }

        await Eventually.TrueAsync(() => !Try(cluster).Contains("EDE"), TimeSpan.FromSeconds(20), () => "still stale");
        Assert.Contains("10.96.77.77", Try(cluster));
    }

    private static string Try(DnsCluster cluster) =>
        Shell.RunIn(cluster.NetNsOf("asker"), "sh", "-c", $"dig @{DnsCluster.Server} +tries=1 +time=1 7web.default.svc.cluster.local A || true");
}
