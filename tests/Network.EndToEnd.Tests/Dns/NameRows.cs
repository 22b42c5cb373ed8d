using Xunit;

namespace Network.EndToEnd.Tests.Dns;

/// <summary>Names of the cluster, of services and of pods.</summary>
internal static class NameRows
{
    private const string Dig = "dig by UDP and TCP", Alias = "alias.default.svc.cluster.local.";

    internal static IReadOnlyList<DnsRow> All { get; } =
    [
        new("cluster: kubernetes.default and kubernetes.default.svc", "A is the first address of the service range, from every node", Dig, Kubernetes),
        new("cluster: entries of /etc/hosts", "a pod knows its own short and full name without asking", "getent", Hosts),
        new("cluster: partial names", "kubernetes, kubernetes.default, kubernetes.default.svc by the search list", $"{Dig}, getent", ClusterPartial),
        new("services: a headless one", "A of every endpoint; SRV _http._tcp of every endpoint with weight 100/n, and its target resolves", Dig, Headless),
        new("services: one with a cluster address", "A is the address; SRV _http._tcp names the service", Dig, Regular),
        new("services: reverse names", "PTR of a cluster address and of a headless endpoint", Dig, Reverse),
        new("services: partial names", "web, web.other, web.other.svc by the search list", $"{Dig}, getent", ServicePartial),
        new("services: a name that begins with a digit", "A of 7web", Dig, cluster => Equal(["10.96.77.77"], cluster.Dig("asker", "7web", "A"))),
        new("services: another family, another type", "NOERROR without an answer, never NXDOMAIN", Dig, NoData),
        new("services: no such name", "NXDOMAIN with the zone's SOA, whatever the number of labels", Dig, NoName),
        new("pods: host name", "A of peer-0.peers", Dig, cluster => Equal([cluster.PodIp("peer-0")], cluster.Dig("asker", "peer-0.peers.default.svc.cluster.local", "A"))),
        new("pods: subdomain", "A of peers has every pod of the subdomain", Dig, cluster => Equal([cluster.PodIp("peer-0"), cluster.PodIp("peer-1")], cluster.Dig("asker", "peers.default.svc.cluster.local", "A"))),
        new("pods: name of an address", "A of a-b-c-d.default.pod", Dig, cluster => Equal(["10.244.3.4"], cluster.Dig("asker", "10-244-3-4.default.pod.cluster.local", "A"))),
        new("services: ExternalName", "CNAME and the target's address; another target after a change; a cluster address and no CNAME after the type has changed", Dig, ExternalNameAsync),
    ];

    private static void Equal(IEnumerable<string> expected, IReadOnlyList<string> got) => Assert.Equal(expected.Order(StringComparer.Ordinal), got);

    private static void Kubernetes(DnsCluster cluster)
    {
        foreach (var pod in (string[])["asker", "asker-2"])
        {
            foreach (var name in (string[])["kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local."])
                Equal(["10.96.0.1"], cluster.Dig(pod, name, "A"));
        }
    }

    private static void Hosts(DnsCluster cluster)
    {
        var address = cluster.PodIp("asker");
        Assert.Contains(address, cluster.Exec("asker", "getent hosts $(hostname)"));
        Assert.Equal($"{cluster.PodIp("peer-0")}\tpeer-0.peers.default.svc.cluster.local\tpeer-0",
            Assert.Single(File.ReadAllLines(Directory.EnumerateFiles($"/var/lib/podnet/clusters/{cluster.Lab.Name}/nodes/w1/kubelet", "hosts", SearchOption.AllDirectories)
                .Single(file => File.ReadAllText(file).Contains("peer-0"))), line => line.Contains("peer-0")));
    }

    private static void ClusterPartial(DnsCluster cluster)
    {
        foreach (var name in (string[])["kubernetes", "kubernetes.default", "kubernetes.default.svc"])
        {
            Equal(["10.96.0.1"], cluster.Dig("asker", name, "A"));
            Assert.StartsWith("10.96.0.1 ", cluster.Exec("asker", $"getent hosts {name}"));
        }
    }

    private static void Headless(DnsCluster cluster)
    {
        Equal([cluster.PodIp("peer-0"), cluster.PodIp("peer-1")], cluster.Dig("asker", "peers", "A"));
        Equal(["0 50 8080 peer-0.peers.default.svc.cluster.local.", "0 50 8080 peer-1.peers.default.svc.cluster.local."], cluster.Dig("asker", "_http._tcp.peers", "SRV"));
        Equal([cluster.PodIp("peer-1")], cluster.Dig("asker-2", "peer-1.peers.default.svc.cluster.local.", "A"));
    }

    private static void Regular(DnsCluster cluster)
    {
        Equal([cluster.ClusterIp("web")], cluster.Dig("asker-2", "web", "A"));
        Equal(["0 100 80 web.default.svc.cluster.local."], cluster.Dig("asker-2", "_http._tcp.web.default.svc", "SRV"));
    }

    private static void Reverse(DnsCluster cluster)
    {
        Equal(["web.default.svc.cluster.local."], cluster.Dig("asker", Arpa(cluster.ClusterIp("web")), "PTR"));
        Equal(["peer-0.peers.default.svc.cluster.local."], cluster.Dig("asker", Arpa(cluster.PodIp("peer-0")), "PTR"));
    }

    private static string Arpa(string address) => $"{string.Join('.', address.Split('.').Reverse())}.in-addr.arpa.";

    private static void ServicePartial(DnsCluster cluster)
    {
        Equal([cluster.ClusterIp("web")], cluster.Dig("asker", "web", "A"));
        foreach (var name in (string[])["web.other", "web.other.svc"])
        {
            Equal(["10.96.77.78"], cluster.Dig("asker", name, "A"));
            Assert.StartsWith("10.96.77.78 ", cluster.Exec("asker", $"getent hosts {name}"));
        }
    }

    private static void NoData(DnsCluster cluster)
    {
        foreach (var (name, type) in (IEnumerable<(string, string)>)[("web.default.svc.cluster.local", "AAAA"), ("web.default.svc.cluster.local", "MX"), ("default.svc.cluster.local", "A")])
        {
            foreach (var transport in (string[])["+notcp", "+tcp"])
                Assert.Matches(@"(?s)status: NOERROR.*ANSWER: 0,.*SOA\s+ns\.dns\.cluster\.local\.", cluster.DigFrom("asker", transport, name, type));
        }
    }

    private static void NoName(DnsCluster cluster)
    {
        foreach (var name in (string[])["nothing.default.svc.cluster.local", "web.nowhere.svc.cluster.local", "a.b.c.d.e.svc.cluster.local"])
        {
            foreach (var transport in (string[])["+notcp", "+tcp"])
                Assert.Matches(@"(?s)status: NXDOMAIN.*SOA\s+ns\.dns\.cluster\.local\.", cluster.DigFrom("asker-2", transport, name, "A"));
        }
    }

    private static async Task ExternalNameAsync(DnsCluster cluster)
    {
        await cluster.UntilAsync("asker", Alias, "CNAME", "www.outside.test.");
        await cluster.UntilAsync("asker", Alias, "A", "www.outside.test.", "203.0.113.80");
        Patch(cluster, """{"spec":{"externalName":"other.outside.test"}}""");
        await cluster.UntilAsync("asker", Alias, "CNAME", "other.outside.test.");
        await cluster.UntilAsync("asker", Alias, "A", "other.outside.test.", "203.0.113.81");
        Patch(cluster, """{"spec":{"type":"ClusterIP","clusterIP":"10.96.77.79","externalName":null,"ports":[{"port":80}]}}""");
        await cluster.UntilAsync("asker", Alias, "A", "10.96.77.79");
        Assert.Empty(cluster.Dig("asker", Alias, "CNAME"));
    }

    private static void Patch(DnsCluster cluster, string patch) => cluster.Lab.Kubectl("patch", "service", "alias", "--type=merge", "-p", patch);
}
