using System.Text.Json.Nodes;
using Network.EndToEnd.Tests.Cluster;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary><c>podnet capture</c> as people use it, read back by tshark.</summary>
public sealed class CaptureTests : IDisposable
{
    private readonly LabCluster _cluster = LabCluster.UpWithWeb(2, "--nodes", "2");

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task One_request_is_seen_at_pod_tunnel_and_underlay_in_the_order_it_passes_them()
    {
        var remote = _cluster.Kubectl("get", "pods", "-l", "app=web", "-o", "jsonpath={range .items[?(@.spec.nodeName==\"w2\")]}{.metadata.name} {.status.podIP}{end}").Split(' ');
        var file = Path.GetTempFileName();
        var capture = Child.Start(new ChildSpec(LabCluster.Podnet,
            ["capture", $"pod/{remote[0]}", "node/w2", "pod/client", "--name", _cluster.Name, "-w", file, "--duration", "6s"]));
        await Eventually.TrueAsync(() => new FileInfo(file).Length > 0, TimeSpan.FromSeconds(10));
        _cluster.Kubectl("exec", "client", "--", "podnet-sample", "dial", $"http://{remote[1]}:8080/hostname", "--tries", "1");
        Assert.Equal(0, (await capture.WaitAsync()).ShellCode);

        var seen = Shell.Run("tshark", "-n", "-r", file, "-Y", "tcp contains \"GET /hostname\"", "-T", "fields", "-e", "frame.interface_name").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        File.Delete(file);
        Assert.Equal(["default/client/eth0", "w2/eth0", "w2/vxlan", $"default/{remote[0]}/eth0"], seen);
    }

    [Fact]
    public void A_pod_is_found_in_any_namespace_and_two_of_one_name_are_told_apart()
    {
        _cluster.Kubectl("create", "namespace", "other");
        Kubectls.New.Try(_cluster, Manifests.Web(0), "apply", "-n", "other", "-f", "-").OrThrow("apply");
        _cluster.Kubectl("wait", "-n", "other", "--for=condition=Ready", "pod/client", "--timeout=20s");

        var ambiguous = Capture("pod/client", "--duration", "1s");
        Assert.Equal(1, ambiguous.Exit.Code);
        Assert.Contains("pod/default/client or pod/other/client", ambiguous.Error);

        _cluster.Kubectl("delete", "pod", "client", "--now");
        var one = Capture("pod/client", "--duration", "1s");
        Assert.True(one.Succeeded, one.Error);
        Assert.Contains("other/client/eth0: ", one.Error);
    }

    [Fact]
    public async Task Capture_into_a_pipe_ends_with_its_reader()
    {
        var line = $"{LabCluster.Podnet} capture node/w1 udp port 1 --name {_cluster.Name} -w - | head -c 1 >/dev/null";
        await Command.RunAsync(new ChildSpec("bash", ["-c", line])).WaitAsync(TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task A_packet_to_a_closed_port_is_told_by_drops_with_its_pod()
    {
        var remote = _cluster.Kubectl("get", "pods", "-l", "app=web", "-o", "jsonpath={range .items[?(@.spec.nodeName==\"w2\")]}{.metadata.name} {.status.podIP}{end}").Split(' ');
        var drops = Command.RunAsync(new ChildSpec(LabCluster.Podnet, ["drops", "--name", _cluster.Name, "--node", "w2", "--duration", "5s", "-o", "json"]));
        while (!drops.IsCompleted)
            Kubectls.New.Try(_cluster, "", "exec", "client", "--", "podnet-sample", "dial", $"http://{remote[1]}:4242/", "--tries", "1");
        var lines = (await drops).OrThrow("podnet drops").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!);
        var drop = lines.FirstOrDefault(line => (int)line["port"]! == 4242);
        Assert.NotNull(drop);
        Assert.Equal(("w2", $"default/{remote[0]}", "eth0", "NO_SOCKET", "TCP", remote[1]),
            ((string)drop["node"]!, (string)drop["pod"]!, (string)drop["device"]!, (string)drop["reason"]!, (string)drop["protocol"]!, (string)drop["destination"]!));
    }

    private CommandResult Capture(params string[] arguments) =>
        Command.RunAsync(new ChildSpec(LabCluster.Podnet, ["capture", .. arguments, "--name", _cluster.Name])).GetAwaiter().GetResult();
}
