using System.Net;
using Network.EndToEnd.Tests.Cluster;
using Network.Netlink;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>Load balancers' addresses when nodes fail. PODNET_FAILOVERS sets the number of rounds, PODNET_TIMED=1 holds them to two seconds.</summary>
public sealed class BalancerTests : IDisposable
{
    // A busy machine may take longer; that it moves is the fact, how fast is measured.
    private static readonly TimeSpan s_deadline = Environment.GetEnvironmentVariable("PODNET_TIMED") == "1" ? TimeSpan.FromSeconds(2) : TimeSpan.FromSeconds(20);
    private static readonly int s_rounds = int.TryParse(Environment.GetEnvironmentVariable("PODNET_FAILOVERS"), out var rounds) ? rounds : 6;
    private readonly LabCluster _cluster = LabCluster.Up("--nodes", "3");
    private readonly string _outside;

    public BalancerTests()
    {
        _outside = $"{_cluster.Name}-outside";
        Shell.Run("ip", "netns", "add", _outside);
        Shell.Run("ip", "-n", $"{_cluster.Name}-fabric", "link", "add", "outside", "up", "master", "lan", "type", "veth", "peer", "name", "eth0", "netns", _outside);
        Shell.RunIn(_outside, "ip", "link", "set", "eth0", "up");
        Shell.RunIn(_outside, "ip", "address", "add", "172.30.0.190/24", "dev", "eth0");
    }

    // Taking the cluster down takes the host outside too: it carries the cluster's name.
    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Address_moves_whatever_happens_to_its_node_and_never_two_answer()
    {
        var address = await BalanceAsync();
        await using var observer = new ArpObserver(_outside, "eth0", address);
        await Eventually.TrueAsync(() => observer.Holder is not null, TimeSpan.FromSeconds(20), Show);
        var times = new List<double>();
        for (var round = 0; round < s_rounds; round++)
        {
            var holder = observer.Holder!.Value;
            var node = NodeOf(holder);
            var undo = (round % 3) switch
            {
                0 => Pause(node),
                1 => PowerOff(node),
                _ => Exclude(node),
            };
            times.Add((await observer.UntilMovedAsync(holder, s_deadline)).TotalSeconds);
            undo();
            // The former holder is back, and has had time to say so.
            await Task.Delay(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken);
            Assert.True(observer.Doubles.Count == 0, $"round {round}: {string.Join('\n', observer.Doubles)}\n{Show()}");
        }

        TestContext.Current.SendDiagnosticMessage($"moved {s_rounds} times, seconds: {string.Join(' ', times.Select(time => time.ToString("0.00")))}; questions answered: {observer.Answers}");
        Assert.True(observer.Answers > s_rounds * 20, $"{observer.Answers} answers");
    }

    private async Task<IPAddress> BalanceAsync()
    {
        _cluster.Kubectl("create", "service", "loadbalancer", "web", "--tcp=80:8080");
        var text = "";
        await Eventually.TrueAsync(() => (text = _cluster.Kubectl("get", "service", "web", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}")).Length > 0, TimeSpan.FromSeconds(20), () => text);
        return IPAddress.Parse(text);
    }

    private string NodeOf(MacAddress mac)
    {
        foreach (var node in (string[])["w1", "w2", "w3"])
        {
            using var socket = RouteSocket.Open($"{_cluster.Name}-{node}");
            if (socket.Link($"{node}-eth0")?.Mac == mac)
                return node;
        }

        throw new InvalidOperationException($"no node has {mac}");
    }

    // It wakes up with questions waiting in its socket, and does not know that time has passed.
    private Action Pause(string node)
    {
        var pid = _cluster.PidOf($"{node}/agent");
        Signal(pid, "STOP");
        return () => Signal(pid, "CONT");
    }

    private Action PowerOff(string node)
    {
        Shell.RunIn($"{_cluster.Name}-{node}", "ip", "link", "set", $"{node}-eth0", "down");
        Signal(_cluster.PidOf($"{node}/agent"), "KILL");
        return () =>
        {
            Shell.RunIn($"{_cluster.Name}-{node}", "ip", "link", "set", $"{node}-eth0", "up");
            _cluster.UpAgain("--nodes", "3");
        };
    }

    private Action Exclude(string node)
    {
        const string label = "node.kubernetes.io/exclude-from-external-load-balancers";
        _cluster.Kubectl("label", "node", node, $"{label}=yes");
        return () => _cluster.Kubectl("label", "node", node, $"{label}-");
    }

    private static void Signal(int pid, string name) => Shell.Run("kill", $"-{name}", pid.ToString());

    private string Show() => string.Join('\n', Directory.EnumerateFiles($"/var/lib/podnet/clusters/{_cluster.Name}/logs").Order()
        .SelectMany(file => File.ReadLines(file).Where(line => line.Contains("announc")).TakeLast(20).Select(line => $"{Path.GetFileName(file)}: {line}")));
}
