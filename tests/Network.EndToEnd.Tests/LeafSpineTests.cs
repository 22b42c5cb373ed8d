using System.Text.Json.Nodes;
using Network.EndToEnd.Tests.Cluster;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>Routers that speak BGP: bird in the namespaces of a topology file, asked by ip and birdc.</summary>
public sealed class LeafSpineTests
{
    private static readonly string[] s_routers = ["spine1", "spine2", "leaf1", "leaf2", "leaf3", "leaf4"];

    [Fact]
    public async Task Every_loopback_reaches_every_other_also_without_a_link_and_nothing_is_left()
    {
        Requires.Root();
        var name = $"e{Guid.NewGuid().ToString("N")[..5]}";
        var file = Path.GetTempFileName();
        File.WriteAllText(file, Topology(name));
        var bird = 0;
        var port = LabCluster.FreePort().ToString();
        try
        {
            // The machines alone first: they reach each other, and nothing of a cluster runs on them; then the cluster on the same.
            Shell.Run(LabCluster.Podnet, "up", "--topology", file, "--api-port", port, "--underlay");
            bird = PidOf(name, "leaf1");
            await Eventually.TrueAsync(() => AllReachAll(name), TimeSpan.FromSeconds(20));
            Assert.False(File.Exists($"/var/lib/podnet/clusters/{name}/kubeconfig"));
            Shell.Run(LabCluster.Podnet, "up", "--topology", file, "--api-port", port);
            Assert.Equal(bird, PidOf(name, "leaf1"));
            await Eventually.TrueAsync(() => s_routers.All(router => Sessions(name, router) == (router.StartsWith("spine", StringComparison.Ordinal) ? 4 : 2)), TimeSpan.FromSeconds(15));
            await Eventually.TrueAsync(() => AllReachAll(name), TimeSpan.FromSeconds(10));
            Assert.Equal(2, NextHops(name, "leaf1", "172.31.255.4"));

            Shell.RunIn($"{name}-spine1", "ip", "link", "set", "spine1-s1l1", "down");
            await Eventually.TrueAsync(() => NextHops(name, "leaf1", "172.31.255.4") == 1, TimeSpan.FromSeconds(10));
            await Eventually.TrueAsync(() => AllReachAll(name), TimeSpan.FromSeconds(10));

            // The next podnet up starts what is killed and sets up what is down, as everything of the cluster.
            Shell.Run("kill", "-9", bird.ToString());
            Shell.Run(LabCluster.Podnet, "up", "--topology", file, "--api-port", port);
            var killed = bird;
            await Eventually.TrueAsync(() => (bird = PidOf(name, "leaf1")) != killed, TimeSpan.FromSeconds(10));
            await Eventually.TrueAsync(() => Sessions(name, "leaf1") == 2, TimeSpan.FromSeconds(15));
        }
        finally
        {
            Shell.Run(LabCluster.Podnet, "down", "--name", name);
            File.Delete(file);
        }

        // Its new parent may not have waited for it yet.
        await Eventually.TrueAsync(() => !Directory.Exists($"/proc/{bird}"), TimeSpan.FromSeconds(10), () => File.ReadAllText($"/proc/{bird}/status"));
        Assert.DoesNotContain($"{name}-", Shell.Run("ip", "netns", "list"));
    }

    private static string Topology(string name) => $$"""
        name: {{name}}
        nodes: [{name: cp, role: server}, {name: w1}, {name: w2}, {name: w3}]
        routers:
        {{string.Join('\n', s_routers.Select((router, index) => $"- {{name: {router}, kind: bgp, loopback: 172.31.255.{(router.StartsWith("leaf", StringComparison.Ordinal) ? router[4..] : $"10{router[5..]}")}}}"))}}
        links:
        - {name: rack1, ends: [cp, leaf1]}
        - {name: rack2, ends: [w1, leaf2]}
        - {name: rack3, ends: [w2, leaf3]}
        - {name: rack4, ends: [w3, leaf4]}
        {{string.Join('\n', from spine in (int[])[1, 2] from leaf in Enumerable.Range(1, 4) select $"- {{name: s{spine}l{leaf}, ends: [spine{spine}, leaf{leaf}]}}")}}
        """;

    private static int PidOf(string name, string router) =>
        int.TryParse(File.ReadAllText($"/var/lib/podnet/clusters/{name}/nodes/{router}/bird.pid"), out var pid) ? pid : 0;

    private static int Sessions(string name, string router) =>
        Shell.Run("sh", "-c", $"birdc -s /var/lib/podnet/clusters/{name}/nodes/{router}/bird.ctl show protocols || true").Split('\n').Count(line => line.Contains("Established", StringComparison.Ordinal));

    // From loopback to loopback, so that ways there and back are both BGP's.
    private static bool AllReachAll(string name) => s_routers.All(from => Shell.Run("ip", "netns", "exec", $"{name}-{from}", "sh", "-c",
        $"for to in 1 2 3 4 101 102; do busybox ping -c 1 -W 1 -I {Loopback(from)} 172.31.255.$to >/dev/null 2>&1 || echo $to; done").Trim().Length == 0);

    private static string Loopback(string router) => $"172.31.255.{(router.StartsWith("leaf", StringComparison.Ordinal) ? router[4..] : $"10{router[5..]}")}";

    private static int NextHops(string name, string router, string loopback)
    {
        var route = JsonNode.Parse(Shell.RunIn($"{name}-{router}", "ip", "-j", "route", "show", loopback))!.AsArray().FirstOrDefault();
        return route is null ? 0 : route["nexthops"]?.AsArray().Count ?? 1;
    }
}
