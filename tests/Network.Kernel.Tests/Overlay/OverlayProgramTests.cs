using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Overlay;

/// <summary>The program itself: two nodes, two networks from files, and every word of <c>podnet overlay</c> asked of a live daemon.</summary>
public sealed class OverlayProgramTests : IDisposable
{
    private const string BlueVni = "21", RedVni = "22";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("overlay-program");
    private readonly ScratchNetNs _segment;
    private readonly List<ScratchNetNs> _nodes = [];
    private readonly List<OverlayProgram> _programs = [];

    public OverlayProgramTests()
    {
        Requires.Root();
        Requires.Tool("busybox");
        _segment = new ScratchNetNs("ovlprog");
        _segment.Exec("ip", "link", "add", "lan", "up", "type", "bridge");
        Write("blue", BlueVni, "10.99");
        Write("red", RedVni, "10.100");
        for (var number = 1; number <= 2; number++)
        {
            var ns = new ScratchNetNs($"ovlprog{number}");
            _nodes.Add(ns);
            _segment.Exec("ip", "link", "add", $"p{number}", "up", "master", "lan", "type", "veth", "peer", "name", "eth0", "netns", ns.Name);
            ns.Exec("ip", "address", "add", $"192.0.2.{number}/24", "dev", "eth0");
            ns.Exec("ip", "link", "set", "eth0", "up");
            // Longer than the address of a Unix socket can be.
            var data = Path.Combine(_folder.FullName, new string('d', 90), $"n{number}");
            _programs.Add(new OverlayProgram(ns, $"n{number}", data, FileOf("blue"), FileOf("red")));
            _programs[^1].Start();
        }
    }

    public void Dispose()
    {
        _programs.ForEach(program => program.Dispose());
        _nodes.ForEach(node => node.Dispose());
        _segment.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Two_networks_of_one_daemon_live_beside_each_other_and_are_explained()
    {
        await UpAsync();

        Assert.Equal([(21, "n1-blue"), (22, "n1-red")], Json(_nodes[0].Exec("ip", "-d", "-j", "link", "show", "type", "vxlan"))
            .Select(link => (link!["linkinfo"]!["info_data"]!["id"]!.GetValue<int>(), link["ifname"]!.ToString())).Order());
        await PingsAsync("10.99.2.0");
        await PingsAsync("10.100.2.0");
        Assert.Contains("PODNET-POSTRTG-BLUE", _nodes[0].Exec("iptables-save"));
        Assert.Contains("PODNET-POSTRTG-RED", _nodes[0].Exec("iptables-save"));
        foreach (var (network, cidr) in (IEnumerable<(string, string)>)[("blue", "10.99.1.0/24"), ("red", "10.100.1.0/24")])
        {
            var cni = JsonNode.Parse(File.ReadAllText(Path.Combine(_programs[0].DataDirectory, "cni", "net.d", $"20-podnet-{network}.conflist")))!;
            Assert.Equal($"podnet-{network}", cni["name"]!.ToString());
            Assert.Equal((cidr, $"n1-{network}-br"), (cni["plugins"]![0]!["ipam"]!["subnet"]!.ToString(), cni["plugins"]![0]!["bridge"]!.ToString()));
        }

        var status = _programs[0].Ask("status");
        Assert.True(status.Succeeded, status.Output + status.Error);
        Assert.Matches(@"pods\s+10\.99\.1\.0/24 mtu 1450", status.Output);
        Assert.Matches(@"pods\s+10\.100\.1\.0/24 mtu 1450", status.Output);
        var peers = _programs[0].Ask("peers");
        Assert.Matches(@"n2\s+10\.99\.2\.0/24\s+192\.0\.2\.2\s+vxlan", peers.Output);
        Assert.Matches(@"n2\s+10\.100\.2\.0/24\s+192\.0\.2\.2\s+vxlan", peers.Output);
        Assert.Contains("vni: 21", _programs[0].Ask("status", "-o", "yaml").Output);
        Assert.Equal("the kernel holds everything it should, and nothing else\n", _programs[0].Ask("audit").Output);
        var repair = _programs[0].Ask("repair");
        Assert.True(repair.Succeeded, repair.Error);
        Assert.Equal("n1: nothing to repair\nn1: nothing to repair\n", repair.Output);
        await Eventually.TrueAsync(() => Peer("blue")?["probed"]?.GetValue<bool>() == true && Peer("blue")!["roundTripMilliseconds"] is not null, s_patience);
    }

    [Fact]
    public async Task File_is_followed_and_one_that_is_wrong_is_named_and_changes_nothing()
    {
        await UpAsync();
        var before = State();

        File.WriteAllText(FileOf("blue"), """{ "name": "blue", "clusterCIDRs": ["10.99.0.1/16"], "vni": 21, "nodes": [] }""");

        await Eventually.TrueAsync(() => Failure("blue").Contains($"network file {FileOf("blue")}: clusterCIDRs \"10.99.0.1/16\" is not a range; write address/prefix with the host bits zero", StringComparison.Ordinal),
            s_patience, () => Failure("blue") + File.ReadAllText(_programs[0].Log));
        Assert.Equal(1, _programs[0].Ask("status").Exit.Code);
        Assert.Equal(before, State());
        Assert.Equal("", Failure("red"));

        Write("blue", BlueVni, "10.99", (3, "10.99.3.0/24"));

        await Eventually.TrueAsync(() => Failure("blue").Length == 0 && State().Contains("10.99.3.0/24 via 10.99.3.0 dev n1-blue", StringComparison.Ordinal), s_patience, State);
        Write("blue", BlueVni, "10.99");
        await Eventually.TrueAsync(() => State() == before, s_patience, () => $"{before}\nversus\n{State()}");
        await PingsAsync("10.99.2.0");
    }

    [Fact]
    public async Task Node_that_gets_another_range_starts_its_network_again_and_leaves_nothing_of_the_former()
    {
        await UpAsync();

        File.WriteAllText(FileOf("blue"), File.ReadAllText(FileOf("blue")).Replace("10.99.2.0/24", "10.99.7.0/24", StringComparison.Ordinal));

        await Eventually.TrueAsync(() => _nodes[1].Exec("ip", "address").Contains("10.99.7.0/32", StringComparison.Ordinal) && State().Contains("10.99.7.0/24", StringComparison.Ordinal), s_patience, State);
        Assert.DoesNotContain("10.99.2.0", State() + _nodes[1].Exec("ip", "address"));
        await PingsAsync("10.99.7.0");
    }

    [Fact]
    public async Task Network_that_clashes_with_another_is_refused_by_name()
    {
        await UpAsync();

        Write("red", BlueVni, "10.100");

        await Eventually.TrueAsync(() => Failure("red").Contains("network red: VNI 21 on port 4789 belongs to network blue; give this network another vni", StringComparison.Ordinal), s_patience, () => Failure("red"));
        await PingsAsync("10.99.2.0");
        await PingsAsync("10.100.2.0");
    }

    [Fact]
    public async Task Killed_daemon_is_missed_by_name_and_cleanup_leaves_nothing()
    {
        await UpAsync();
        var refused = _programs[0].Cleanup();
        Assert.False(refused.Succeeded);
        Assert.Contains("is running", refused.Error);
        _programs[0].Kill();
        await PingsAsync("10.99.2.0");

        var missed = _programs[0].Ask("audit");
        Assert.False(missed.Succeeded);
        Assert.Contains("no overlay answers at", missed.Error);
        var subnet = Path.Combine(_folder.FullName, "subnet.env");
        File.WriteAllText(subnet, "FLANNEL_MTU=1450\n");
        for (var time = 0; time < 2; time++)
        {
            var done = _programs[0].Cleanup("--subnet-file", subnet);
            Assert.True(done.Succeeded, done.Error);
        }

        Assert.DoesNotContain("n1-", _nodes[0].Exec("ip", "link"));
        Assert.DoesNotContain("proto 80", _nodes[0].Exec("ip", "route"));
        Assert.DoesNotContain("PODNET", _nodes[0].Exec("iptables-save"));
        Assert.False(File.Exists(subnet));
        Assert.Empty(Directory.GetFiles(Path.Combine(_programs[0].DataDirectory, "cni", "net.d")));
    }

    private async Task UpAsync()
    {
        foreach (var program in _programs)
        {
            foreach (var network in (string[])["blue", "red"])
            {
                await Eventually.TrueAsync(() => program.Status(network)?["peers"] is JsonArray { Count: 1 } peers && peers[0]!["ways"]!.ToString() == "vxlan",
                    s_patience, () => File.ReadAllText(program.Log));
            }
        }
    }

    private JsonNode? Peer(string network) => _programs[0].Status(network)?["peers"]![0];

    private string Failure(string network) => _programs[0].Status(network)?["failure"]?.ToString() ?? "";

    private string State() => _nodes[0].Exec("ip", "route") + _nodes[0].Exec("ip", "neigh", "show", "nud", "permanent")
        + string.Join('\n', _nodes[0].Exec("bridge", "fdb", "show").Split('\n').Where(line => line.Contains(" dst ", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    private Task PingsAsync(string address) => Eventually.TrueAsync(() =>
    {
        try
        {
            _nodes[0].Exec("busybox", "ping", "-c1", "-W1", address);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }, s_patience, () => $"{address} does not answer: {State()}");

    private string FileOf(string network) => Path.Combine(_folder.FullName, $"{network}.json");

    private void Write(string network, string vni, string pods, params (int Number, string Pods)[] more)
    {
        var nodes = new[] { (1, $"{pods}.1.0/24"), (2, $"{pods}.2.0/24") }.Concat(more)
            .Select(node => $$"""{ "name": "n{{node.Item1}}", "podCIDRs": ["{{node.Item2}}"], "addresses": ["192.0.2.{{node.Item1}}"] }""");
        File.WriteAllText(FileOf(network), $$"""
            {
              // Followed while the daemons run.
              "name": "{{network}}", "clusterCIDRs": ["{{pods}}.0.0/16"], "vni": {{vni}},
              "nodes": [{{string.Join(",\n", nodes)}}]
            }
            """);
    }

    private static JsonArray Json(string text) => JsonNode.Parse(text)!.AsArray();
}
