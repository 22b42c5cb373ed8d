using System.Diagnostics;
using Network.EndToEnd.Tests.Cluster;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests.Dns;

/// <summary>What is still answered when others are gone.</summary>
internal static class OutageRows
{
    private const string Stale = "EDE: 3 (Stale Answer)";

    // signal(7)
    private const int SigStop = 19, SigCont = 18;

    internal static IReadOnlyList<DnsRow> All { get; } =
    [
        new("outage: the upstream is dead", "what it said before is given on, marked stale (RFC 8767, RFC 8914); names of the cluster are as they were", "dig by UDP and TCP", UpstreamAsync),
        new("outage: the API server is stopped and DNS starts again", "names of the cluster are answered within a second, marked stale; fresh again after the API server is back", "dig by UDP and TCP", ApiServerAsync),
        new("outage: a node's DNS server is killed", "another node answers its pods and the node itself within a second; the node's own server does once it is back", "DnsClient, dig by UDP and TCP, nft", KilledAsync),
        new("outage: a node's DNS server is stopped (SIGSTOP)", "likewise, and the server says so in its log and metrics when it goes on", "DnsClient, dig by UDP and TCP, nft", StoppedAsync),
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
            await Eventually.TrueAsync(() => (last = Try(cluster)).Contains(Stale), Start, () => last);
            TestContext.Current.SendDiagnosticMessage($"API server stopped, DNS started: answered after {clock.ElapsedMilliseconds} ms");
            Assert.Contains("10.96.77.77", last);
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

    private static async Task KilledAsync(DnsCluster cluster)
    {
        await using var watch = new GapWatch(cluster);
        await watch.SettledAsync();
        await cluster.Parts.StopAsync("w1/dns", CancellationToken.None);
        try
        {
            await ElsewhereAsync(cluster);
        }
        finally
        {
            cluster.Parts.Start("w1/dns");
        }

        await cluster.HereAsync();
        watch.Verify("killed");
    }

    private static async Task StoppedAsync(DnsCluster cluster)
    {
        await using var watch = new GapWatch(cluster);
        await watch.SettledAsync();
        var server = cluster.Lab.PidOf("w1/dns");
        Processes.Kill(server, SigStop);
        try
        {
            await ElsewhereAsync(cluster);
        }
        finally
        {
            Processes.Kill(server, SigCont);
        }

        await cluster.HereAsync();
        watch.Verify("stopped");
        var log = File.ReadAllText($"/var/lib/podnet/clusters/{cluster.Lab.Name}/logs/w1-dns.log");
        Assert.Matches(@"dns fall-back to=others nodes=2 silentMs=\d+.*\n.*dns fall-back to=local queriesToOthers=[1-9]", log);
        var metrics = Shell.RunIn($"{cluster.Lab.Name}-w1", "busybox", "wget", "-qO-", "http://127.0.0.1:9153/metrics");
        Assert.Matches("podnet_dns_fallback_transitions_total{to=\"others\"} [1-9]", metrics);
        Assert.Matches("podnet_dns_fallback_queries_total{direction=\"to_others\"} [1-9]", metrics);
        Assert.Matches("podnet_dns_fallback_active 0", metrics);
    }

    // Dig asks on while nobody here answers, from a pod and from the node itself.
    private static async Task ElsewhereAsync(DnsCluster cluster)
    {
        var before = cluster.AskedElsewhere("w1");
        var node = $"{cluster.Lab.Name}-w1";
        await Eventually.TrueAsync(() => cluster.AskedElsewhere("w1") > before, TimeSpan.FromSeconds(5), () => "no query leaves w1");
        await Eventually.TrueAsync(() => Try(node).Contains("10.96.77.77"), TimeSpan.FromSeconds(3), () => "nobody answers the node itself");
        foreach (var from in (string[])[cluster.NetNsOf("asker"), node])
        {
            foreach (var transport in (string[])["+notcp", "+tcp"])
                Assert.Equal("10.96.77.77\n", Shell.RunIn(from, "dig", $"@{DnsCluster.Server}", "+tries=2", "+time=1", "+short", transport, "7web.default.svc.cluster.local", "A"));
        }
    }

    private static string Try(DnsCluster cluster) => Try(cluster.NetNsOf("asker"));

    private static string Try(string netNs) =>
        Shell.RunIn(netNs, "sh", "-c", $"dig @{DnsCluster.Server} +tries=1 +time=1 7web.default.svc.cluster.local A || true");
}
