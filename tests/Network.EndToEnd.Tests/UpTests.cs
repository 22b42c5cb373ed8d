using System.Net;
using System.Net.Sockets;
using Network.EndToEnd.Tests.Cluster;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

public sealed class UpTests
{
    [Fact]
    public void Routed_underlay_with_a_small_mtu_carries_pods_and_services()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, """
            name: NAME
            nodes:
            - {name: cp, role: server}
            - {name: w1}
            - {name: w2}
            routers: [r1]
            links:
            - {name: left, subnet: 172.30.1.0/24, mtu: 1400, ends: [cp, w1, r1]}
            - {name: right, subnet: 172.30.2.0/24, ends: [r1, w2]}
            """.Replace("NAME", $"e{Guid.NewGuid().ToString("N")[..5]}"));
        var name = File.ReadAllLines(file)[0][6..];
        try
        {
            Shell.Run(LabCluster.Podnet, "up", "--topology", file, "--api-port", LabCluster.FreePort().ToString());
            var environment = $"KUBECONFIG=/var/lib/podnet/clusters/{name}/kubeconfig";
            var manifest = file + ".yaml";
            File.WriteAllText(manifest, Manifests.Web(2));
            Shell.Run("sh", "-c", $"{environment} kubectl apply -f {manifest} && {environment} kubectl rollout status deployment/web --timeout=30s && {environment} kubectl wait --for=condition=Ready pod/client --timeout=20s");
            var big = new string('x', 3000);
            var answer = Shell.Run("sh", "-c", $"{environment} kubectl exec client -- podnet-sample dial 'http://web/echo?msg={big}' --tries 10");
            Assert.Contains("\"failed\":0", answer);
            Assert.Contains("mtu 1350", Shell.RunIn($"{name}-w1", "ip", "link", "show", "w1-vx"));
            Assert.Contains("mtu 1450", Shell.RunIn($"{name}-w2", "ip", "link", "show", "w2-vx"));
        }
        finally
        {
            Shell.Run(LabCluster.Podnet, "down", "--name", name);
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Two_clusters_built_at_once_do_not_harm_each_other()
    {
        var clusters = await Task.WhenAll(Task.Run(() => LabCluster.Up("--nodes", "1")), Task.Run(() => LabCluster.Up("--nodes", "1")));
        try
        {
            foreach (var cluster in clusters)
                Assert.Contains("w1", cluster.Kubectl("get", "nodes", "--no-headers"));
            clusters[0].Dispose();
            Assert.Contains(" Ready ", clusters[1].Kubectl("get", "nodes", "--no-headers"));
        }
        finally
        {
            foreach (var cluster in clusters)
                cluster.Dispose();
        }
    }

    [Fact]
    public void A_port_in_use_is_named()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        var result = Run("up", "--name", "eport", "--api-port", port.ToString());
        Run("down", "--name", "eport");
        Assert.Equal(1, result.Exit.Code);
        Assert.Contains($"127.0.0.1:{port}", result.Error);
        Assert.Contains("--api-port", result.Error);
    }

    [Theory]
    [InlineData("nodes: [{name: cp, role: server}, {name: w1}, {name: w1}]", ":1: ", "name w1 is used twice", "give every node")]
    [InlineData("nodes:\n- {name: cp, role: server}\n- {name: w1, rool: agent}", ":3: ", "unknown field \"rool\"", "known fields are")]
    [InlineData("podCIDR: 10.0.0.0/8\nserviceCIDR: 10.1.0.0/16\nnodes: [{name: cp, role: server}, {name: w1}]\nlinks: [{name: l, ends: [cp, w1]}]", ":2: ", "overlaps podCIDR", "do not overlap")]
    [InlineData("nodes: [{name: cp, role: server}, {name: w1}]\nlinks:\n- {name: l, mtu: 575, ends: [cp, w1]}", ":3: ", "mtu 575 is out of range", "use 576")]
    public void A_topology_that_cannot_work_is_refused_with_file_line_and_fix(string topology, string line, string problem, string fix)
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, $"{topology}\nname: erefused\n");
        try
        {
            var result = Run("up", "--topology", file);
            Assert.Equal(1, result.Exit.Code);
            Assert.Contains(file + line, result.Error);
            Assert.Contains(problem, result.Error);
            Assert.Contains(fix, result.Error);
            Assert.False(Directory.Exists("/var/lib/podnet/clusters/erefused"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Status_shows_every_node_with_its_peers()
    {
        using var cluster = LabCluster.Up("--nodes", "2");
        var lines = Shell.Run(LabCluster.Podnet, "status", "--name", cluster.Name).Split('\n');
        Assert.Contains("NODE", lines[0]);
        Assert.Matches(@"^w1\s+agent\s+yes\s+172\.30\.0\.2\s+10\.244\.\d+\.0/24\s+[0-9a-f:]{17}\s+1\s", lines[2]);
        Assert.Matches(@"\d+ nodes? Ready in [\d.]+ s .*MB resident", cluster.UpOutput);
    }

    private static CommandResult Run(params string[] arguments) => Command.RunAsync(new ChildSpec(LabCluster.Podnet, arguments)).GetAwaiter().GetResult();
}
