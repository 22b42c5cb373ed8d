using Xunit;

namespace Network.EndToEnd.Tests.Dns;

/// <summary>What pods may say about their own resolver.</summary>
internal static class PodRows
{
    internal static IReadOnlyList<DnsRow> All { get; } =
    [
        new("pod's own nameserver (dnsPolicy None)", "resolv.conf has that server alone, and names are asked there", "getent, dig by UDP and TCP", OwnServer),
        new("pod's own options and searches", "resolv.conf has the cluster's searches first, then the pod's, and the pod's ndots", "getent", OwnOptions),
        new("more than 6 search domains, more than 256 characters", "all of them are in resolv.conf, and names of the cluster resolve", "getent, dig by UDP and TCP", LongSearch),
        new("a search domain with an underscore, and a single dot", "both are in resolv.conf, and names of the cluster and of outside resolve", "getent, dig by UDP and TCP", OddSearch),
        new("node's network with ClusterFirstWithHostNet", "the cluster's server and searches; names of the cluster resolve", "getent, dig by UDP and TCP", HostNetwork),
        new("node's network with ClusterFirst", "the node's resolv.conf, as with Default", "cat", HostDefault),
    ];

    private static string ResolvConf(DnsCluster cluster, string pod) => cluster.Exec(pod, "cat /etc/resolv.conf");

    private static void OwnServer(DnsCluster cluster)
    {
        Assert.Equal($"nameserver {cluster.Upstream.Address}\nsearch outside.test\noptions ndots:1\n", ResolvConf(cluster, "own-server"));
        Assert.StartsWith("203.0.113.81 ", cluster.Exec("own-server", "getent hosts other"));
        Assert.Equal(["203.0.113.81"], cluster.Dig("own-server", "other", "A"));
    }

    private static void OwnOptions(DnsCluster cluster)
    {
        var text = ResolvConf(cluster, "own-options");
        Assert.Contains($"nameserver {DnsCluster.Server}\n", text);
        Assert.Matches(@"search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local (\S+ )*other\.svc\.cluster\.local\n", text);
        Assert.Matches(@"options .*ndots:2", text);
        Assert.Contains("edns0", text);
        Assert.StartsWith("10.96.77.77 ", cluster.Exec("own-options", "getent hosts 7web"));
    }

    private static void LongSearch(DnsCluster cluster)
    {
        Assert.Contains($" {string.Join(' ', DnsManifests.Searches)}\n", ResolvConf(cluster, "long-search"));
        Assert.StartsWith("10.96.0.1 ", cluster.Exec("long-search", "getent hosts kubernetes.default"));
        Assert.Equal(["10.96.77.78"], cluster.Dig("long-search", "web.other", "A"));
    }

    private static void OddSearch(DnsCluster cluster)
    {
        Assert.Contains(" . _sip._tcp.under_score.test\n", ResolvConf(cluster, "odd-search"));
        Assert.StartsWith("10.96.77.77 ", cluster.Exec("odd-search", "getent hosts 7web"));
        Assert.StartsWith("203.0.113.80 ", cluster.Exec("odd-search", "getent ahostsv4 www.outside.test"));
        Assert.Equal(["10.96.77.78"], cluster.Dig("odd-search", "web.other", "A"));
    }

    private static void HostNetwork(DnsCluster cluster)
    {
        var text = ResolvConf(cluster, "host");
        Assert.Contains($"nameserver {DnsCluster.Server}\nsearch default.svc.cluster.local svc.cluster.local cluster.local", text);
        Assert.StartsWith("10.96.77.77 ", cluster.Exec("host", "getent hosts 7web"));
        Assert.Equal(["10.96.0.1"], cluster.Dig("host", "kubernetes.default", "A"));
    }

    private static void HostDefault(DnsCluster cluster)
    {
        var text = ResolvConf(cluster, "host-default");
        Assert.DoesNotContain(DnsCluster.Server, text);
        var nodes = File.ReadAllLines("/etc/resolv.conf").Where(line => line.StartsWith("nameserver", StringComparison.Ordinal));
        Assert.All(nodes, line => Assert.Contains(line.Trim(), text));
    }
}
