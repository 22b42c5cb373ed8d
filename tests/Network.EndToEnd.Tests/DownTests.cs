using Network.EndToEnd.Tests.Cluster;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

public sealed class DownTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Down_leaves_nothing_behind(bool afterACrash)
    {
        var before = OfTheHost();
        string name;
        using (var cluster = LabCluster.Up("--nodes", "2"))
        {
            name = cluster.Name;
            Kubectls.New.Try(cluster, Manifests.Web(2), "apply", "-f", "-").OrThrow("apply");
            cluster.Kubectl("rollout", "status", "deployment/web", "--timeout=30s");
            Assert.NotEqual("", Traces(name));
            if (afterACrash)
            {
                foreach (var process in (string[])["server", "w1/agent", "w2/agent"])
                    Linux.Processes.Kill(cluster.PidOf(process), Linux.Processes.SIGKILL);
            }
        }

        Assert.Equal("", Traces(name));
        Assert.Equal(before, OfTheHost());
    }

    // The machine's own links, addresses, routes, rules and settings, which a lab cluster has no business with.
    private static string OfTheHost() => Shell.Run("sh", "-c", """
        ip -br link; ip -br addr; ip route
        for table in filter nat mangle; do iptables-save -t $table | grep -v '^[#:]'; done
        nft list ruleset 2>/dev/null | grep -v '^#' | sed 's/packets [0-9]* bytes [0-9]*//'
        sysctl net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables 2>/dev/null
        true
        """);

    // Namespaces, mounts, control groups, processes and files that carry the cluster's name.
    private static string Traces(string name) => Shell.Run("sh", "-c", $"""
        ip netns list | grep '^{name}-' | sed 's/^/namespace /'
        grep '{name}' /proc/mounts | sed 's/^/mount /'
        find /sys/fs/cgroup -type d -path '*/podnet/{name}*' | sed 's/^/cgroup /'
        ls -d /var/lib/podnet/clusters/{name}* 2>/dev/null | sed 's/^/file /'
        for p in /proc/[0-9]*; do tr '\0' '\n' <$p/environ 2>/dev/null | grep -qx 'PODNET_CLUSTER={name}' && echo "process $p"; done
        true
        """);
}
