using System.Text.Json.Nodes;
using Network.EndToEnd.Tests.Cluster;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary><c>podnet explain</c>, <c>check</c> and <c>reach</c> on a healthy cluster; what they find on broken ones is what the labs show.</summary>
public sealed class ExplainTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private readonly LabCluster _cluster = LabCluster.UpWithWeb(2, "--nodes", "2");

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task A_probe_to_another_node_is_followed_from_device_to_device_and_back_and_the_file_says_so_too()
    {
        var remote = _cluster.Kubectl("get", "pods", "-l", "app=web", "-o", "jsonpath={range .items[?(@.spec.nodeName==\"w2\")]}{.metadata.name}{end}").Trim();
        var file = Path.GetTempFileName();
        CommandResult result = default!;
        await Eventually.TrueAsync(() =>
        {
            result = Podnet("explain", "pod/client", $"pod/{remote}:8080", "-o", "json", "-w", file);
            return result.Succeeded;
        }, s_patience, () => result.Output + result.Error);
        var trial = JsonNode.Parse(result.Output)!["trials"]![0]!;
        Assert.True((bool)trial["reached"]!);
        var hops = trial["hops"]!.AsArray().Where(hop => (string)hop!["leg"]! == "forward" && (string)hop["place"]! != "fabric")
            .Select(hop => $"{hop!["place"]} {Device(hop)} {hop["event"]} {(hop["vni"] is null ? "" : "inside")}".TrimEnd());
        Assert.Equal(
        [
            "pod/default/client eth0 sent", "w1 cable received", "w1 w1-br received", "w1 w1-vx sent", "w1 w1-eth0 sent inside", "w2 w2-eth0 received inside", "w2 w2-vx received", "w2 w2-br sent",
            "w2 cable sent", $"pod/default/{remote} eth0 received",
        ], hops);
        var times = trial["hops"]!.AsArray().Select(hop => (double)hop!["microseconds"]!).ToList();
        Assert.Equal(times.Order(), times);

        var seen = Shell.Run("tshark", "-n", "-r", file, "-Y", "frame.packet_id == 1 && tcp.flags.syn == 1", "-T", "fields", "-e", "frame.interface_name").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        File.Delete(file);
        Assert.Equal("default/client/eth0", seen[0]);
        Assert.Equal($"default/{remote}/eth0", seen[^1]);
        Assert.Superset(new HashSet<string> { "w1/w1-vx", "w1/w1-eth0", "w2/w2-eth0", "w2/w2-vx" }, seen.ToHashSet());
    }

    [Fact]
    public async Task A_healthy_cluster_is_told_to_be_one()
    {
        CommandResult explain = default!, check = default!, reach = default!;
        await Eventually.TrueAsync(() => (explain = Podnet("explain", "pod/client", "svc/web")).Succeeded, s_patience, () => explain.Output + explain.Error);
        Assert.Contains("no fault", explain.Output);
        Assert.Contains("web.default.svc.cluster.local", explain.Output);
        await Eventually.TrueAsync(() => (check = Podnet("check")).Succeeded, s_patience, () => check.Output + check.Error);
        Assert.Contains("nothing is wrong", check.Output);
        await Eventually.TrueAsync(() => (reach = Podnet("reach")).Succeeded, s_patience, () => reach.Output + reach.Error);
        Assert.DoesNotContain("NET", reach.Output);
    }

    [Fact]
    public void What_is_not_there_is_refused_with_what_is()
    {
        var pod = Podnet("explain", "pod/client", "pod/nobody:80");
        Assert.NotEqual(0, pod.Exit.Code);
        Assert.Contains("there is no pod/nobody", pod.Error);
        Assert.Contains("pod/default/client", pod.Error);
        Assert.Contains("svc/default/web has no port 99; it has 80", Podnet("explain", "pod/client", "svc/web:99").Error);
        Assert.Contains("cannot send", Podnet("explain", "svc/web", "pod/client").Error);
    }

    // The node's end of a pod's cable has a name made of its container's.
    private static string Device(JsonNode hop) => (string)hop["device"]! is ['v', ..] and not "vxlan" ? "cable" : (string)hop["device"]!;

    private CommandResult Podnet(params string[] arguments) => Command.RunAsync(new ChildSpec(LabCluster.Podnet, [.. arguments, "--name", _cluster.Name])).GetAwaiter().GetResult();
}
