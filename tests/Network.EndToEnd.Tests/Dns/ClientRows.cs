using DnsClient;
using Xunit;

namespace Network.EndToEnd.Tests.Dns;

/// <summary>The same names for every kind of client, and what lies outside.</summary>
internal static class ClientRows
{
    internal static IReadOnlyList<DnsRow> All { get; } =
    [
        new("clients: glibc", "getaddrinfo and gethostbyname by short and full names; both families in one call", "getent", Glibc),
        new("clients: busybox", "nslookup gives address and name, wget reaches a service by its short name", "busybox nslookup and wget", Busybox),
        new("clients: DnsClient", "A, SRV with glue, PTR and NXDOMAIN by UDP and TCP", "DnsClient", Library),
        new("answers too large for UDP", "truncated and asked again: all 100 addresses, whatever the buffer size", "getent, dig, DnsClient", Large),
        new("outside: through the upstream", "A, NODATA and PTR of names that are not the cluster's", "getent, dig by UDP and TCP", Outside),
        new("outside: a stub domain", "a zone of its own block goes to its own server", "dig by UDP and TCP", cluster => Assert.Equal(["203.0.113.82"], cluster.Dig("asker", "www.stub.test.", "A"))),
        new("outside: ndots:5 and five search domains", "exactly one question reaches the upstream", "getent, dig, dnsmasq's log", OneQuestion),
    ];

    private static void Glibc(DnsCluster cluster)
    {
        var web = cluster.ClusterIp("web");
        foreach (var name in (string[])["web", "web.default", "web.default.svc", "web.default.svc.cluster.local"])
        {
            Assert.StartsWith($"{web} ", cluster.Exec("asker", $"getent hosts {name}"));
            var both = cluster.Exec("asker", $"getent ahosts {name}").Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.All(both, line => Assert.StartsWith($"{web} ", line));
        }
    }

    private static void Busybox(DnsCluster cluster)
    {
        var found = cluster.Exec("busybox", "nslookup web.default.svc.cluster.local");
        Assert.Matches($@"Name:\s+web\.default\.svc\.cluster\.local\s+Address:? ?\d?:?\s+{cluster.ClusterIp("web").Replace(".", "\\.")}", found);
        Assert.DoesNotContain("NXDOMAIN", found);
        Assert.Matches("peer-[01]", cluster.Exec("busybox", "timeout 5 wget -qO- http://web/hostname"));
        Assert.Matches("peer-1", cluster.Exec("busybox", "timeout 5 wget -qO- http://peer-1.peers:8080/hostname"));
    }

    private static void Library(DnsCluster cluster)
    {
        foreach (var tcp in (bool[])[false, true])
        {
            Assert.Equal("10.96.77.77", Assert.Single(cluster.Ask("asker", "7web.default.svc.cluster.local", QueryType.A, tcp).Answers.ARecords()).Address.ToString());
            var service = cluster.Ask("asker-2", "_http._tcp.peers.default.svc.cluster.local", QueryType.SRV, tcp);
            Assert.Equal(["peer-0.peers.default.svc.cluster.local.", "peer-1.peers.default.svc.cluster.local."], service.Answers.SrvRecords().Select(record => record.Target.Value).Order());
            Assert.Equal(2, service.Additionals.ARecords().Count());
            Assert.Equal("7web.default.svc.cluster.local.", Assert.Single(cluster.Ask("asker", "77.77.96.10.in-addr.arpa", QueryType.PTR, tcp).Answers.PtrRecords()).PtrDomainName.Value);
            Assert.Equal(DnsHeaderResponseCode.NotExistentDomain, cluster.Ask("asker", "nothing.default.svc.cluster.local", QueryType.A, tcp).Header.ResponseCode);
        }
    }

    private static void Large(DnsCluster cluster)
    {
        const string name = "large.default.svc.cluster.local";
        var all = Enumerable.Range(1, DnsManifests.Many).Select(i => $"198.51.100.{i}").Order(StringComparer.Ordinal);
        Assert.Equal(all, DnsCluster.Lines(cluster.Exec("asker", "getent ahostsv4 large")).Where(line => line.Contains("STREAM")).Select(line => line.Split(' ')[0]).Order(StringComparer.Ordinal));
        foreach (var size in (string[])["+noedns", "+bufsize=1232", "+bufsize=4096"])
        {
            Assert.Equal(all, DnsCluster.Lines(cluster.DigFrom("asker", size, "+short", name, "A")));
            Assert.Contains(" tc", cluster.DigFrom("asker", size, "+ignore", name, "A"));
        }

        Assert.Equal(DnsManifests.Many, cluster.Ask("asker", name, QueryType.A, tcp: false).Answers.ARecords().Count());
    }

    private static void Outside(DnsCluster cluster)
    {
        Assert.Equal(["203.0.113.80"], cluster.Dig("asker", "www.outside.test.", "A"));
        Assert.Empty(cluster.Dig("asker", "www.outside.test.", "AAAA"));
        Assert.Equal(["www.outside.test."], cluster.Dig("asker", "80.113.0.203.in-addr.arpa.", "PTR"));
        Assert.Contains("203.0.113.80", cluster.Exec("asker-2", "getent ahosts www.outside.test"));
        Assert.Contains("status: NXDOMAIN", cluster.DigFrom("asker", "nothing.outside.test", "A"));
    }

    // Names nobody asked before: the cache is to have no part in it.
    private static void OneQuestion(DnsCluster cluster)
    {
        Assert.Equal(5, cluster.Exec("five-search", "cat /etc/resolv.conf").Split('\n').Single(line => line.StartsWith("search ", StringComparison.Ordinal)).Split(' ').Count(word => word.EndsWith("cluster.local", StringComparison.Ordinal)));
        Assert.StartsWith("203.0.113.83 ", cluster.Exec("five-search", "getent ahostsv4 a.once.outside.test"));
        Assert.Equal(["query[A] a.once.outside.test from 172.30.0.2"], cluster.Upstream.Asked("a.once"));
        Assert.Equal("203.0.113.83", cluster.Exec("five-search", "dig +short +search b.once.outside.test A").Trim());
        Assert.Equal(["query[A] b.once.outside.test from 172.30.0.2"], cluster.Upstream.Asked("b.once"));
    }
}
