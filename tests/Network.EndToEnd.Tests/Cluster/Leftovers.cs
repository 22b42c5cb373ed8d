using Network.TestKit;

namespace Network.EndToEnd.Tests.Cluster;

/// <summary>What a cluster that is taken away must not leave.</summary>
internal static class Leftovers
{
    /// <summary>The machine's own links, addresses, routes, rules and settings, which a lab cluster has no business with.</summary>
    internal static string OfTheHost() => Shell.Run("sh", "-c", """
        ip -br link; ip -br addr; ip route
        for table in filter nat mangle; do iptables-save -t $table | grep -v '^[#:]'; done
        nft list ruleset 2>/dev/null | grep -v '^#' | sed 's/packets [0-9]* bytes [0-9]*//'
        sysctl net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables 2>/dev/null
        true
        """);

    /// <summary>Namespaces, mounts, control groups, processes and files that carry the cluster's name.</summary>
    internal static string Of(string name) => Shell.Run("sh", "-c", $"""
        ip netns list | grep '^{name}-' | sed 's/^/namespace /'
        grep '{name}' /proc/mounts | sed 's/^/mount /'
        find /sys/fs/cgroup -type d -path '*/podnet/{name}*' | sed 's/^/cgroup /'
        ls -d /var/lib/podnet/clusters/{name}* 2>/dev/null | sed 's/^/file /'
        for p in /proc/[0-9]*; do tr '\0' '\n' <$p/environ 2>/dev/null | grep -qx 'PODNET_CLUSTER={name}' && echo "process $p"; done
        true
        """);
}
