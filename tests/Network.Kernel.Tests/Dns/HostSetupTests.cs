using Network.Linux;
using Xunit;

namespace Network.Kernel.Tests.Dns;

/// <summary><c>podnet dns host-setup</c> with a real systemd-resolved on a real bus; asked by dig and resolvectl.</summary>
public sealed class HostSetupTests : IDisposable
{
    private const string Web = "web.default.svc.cluster.local";
    private readonly ResolvedHost _host = new();
    private readonly NamespaceDns _world = null!;
    private NamespaceDns _cluster = null!;

    public HostSetupTests()
    {
        try
        {
            _world = new NamespaceDns(_host.World, ResolvedHost.WorldServer, _host.PathOf("world.corefile"), NamespaceDns.World);
            _cluster = StartCluster(ResolvedHost.First);
            _host.StartResolved();
        }
        catch
        {
            // Nobody disposes of what was not finished.
            Dispose();
            throw;
        }
    }

    [Fact]
    public void Names_and_addresses_of_the_cluster_are_asked_of_its_server_and_no_others()
    {
        // The world does not know the name: the setup is what makes the difference, although "no such name" is in the cache.
        Assert.Equal("", _host.Dig(Web));
        Hold();

        Assert.Equal("10.96.7.7", _host.Dig(Web));
        Assert.Equal($"{Web}.", _host.Dig("-x", "10.96.7.7"));
        Assert.Contains("10.96.7.7", _host.Resolvectl("query", "--legend=no", Web));
        Assert.Equal("198.51.100.7", _host.Dig("www.example.org"));
        // 10.244.0.0/16 and 10.96.0.0/16 are the cluster's, the rest of 10.0.0.0/8 is not.
        Assert.Equal("", _host.Dig("-x", "10.1.2.3"));
        Assert.Contains("name=3.2.1.10.in-addr.arpa", _world.Asked);
        Assert.DoesNotContain("3.2.1.10.in-addr.arpa", _cluster.Asked);
        Assert.DoesNotContain("example.org", _cluster.Asked);
        Assert.DoesNotContain("7.7.96.10.in-addr.arpa", _world.Asked);
        var report = _host.Reports()[0];
        Assert.Equal("set", (string?)report["event"]);
        Assert.Equal(ResolvedHost.Cable, (string?)report["link"]);
        Assert.Equal(["~cluster.local", "~96.10.in-addr.arpa", "~244.10.in-addr.arpa"], report["domains"]!.AsArray().Select(domain => (string?)domain));
    }

    [Fact]
    public void Settings_return_when_resolved_comes_back_without_a_memory()
    {
        Hold();
        _host.KillResolved();
        _host.StartResolved();

        _host.Until(() => _host.Dig(Web) == "10.96.7.7", "the restarted resolver knows the cluster");
        Assert.Equal("198.51.100.7", _host.Dig("www.example.org"));
    }

    [Fact]
    public void Settings_return_with_the_link()
    {
        Hold();
        _host.Host.Exec("ip", "link", "delete", ResolvedHost.Cable);
        _host.Until(() => _host.LogText.Contains($"link {ResolvedHost.Cable} is not on this host"), "the lost link is reported");
        _cluster.Dispose();
        _host.PlugIn();
        _cluster = StartCluster(ResolvedHost.First);

        _host.Until(() => _host.Dig(Web) == "10.96.7.7", "the link that came back has the settings");
        Assert.Equal(2, _host.Reports().Where(report => (string?)report["event"] == "set").Select(report => (int)report["index"]!).Distinct().Count());
    }

    [Theory]
    [InlineData(Processes.SIGTERM)]
    [InlineData(Processes.SIGINT)]
    public void Asked_to_end_it_takes_everything_back(int signal)
    {
        var before = _host.Settings(ResolvedHost.Cable);
        var program = Hold();
        Assert.NotEqual(before, _host.Settings(ResolvedHost.Cable));

        Assert.Equal(0, _host.End(program, signal).ShellCode);

        Assert.Equal(before, _host.Settings(ResolvedHost.Cable));
        Assert.Equal("reverted", (string?)_host.Reports()[^1]["event"]);
        Assert.Equal("", _host.Dig(Web));
    }

    [Fact]
    public void What_a_killed_run_left_is_taken_back_by_revert()
    {
        var before = _host.Settings(ResolvedHost.Cable);
        _host.End(Hold(), Processes.SIGKILL);
        Assert.Contains("~cluster.local", _host.Settings(ResolvedHost.Cable));

        var result = _host.Setup("--revert");

        Assert.Equal((0, ""), (result.Exit.ShellCode, result.Error));
        Assert.StartsWith($"{ResolvedHost.Cable} (#", result.Output);
        Assert.Equal(before, _host.Settings(ResolvedHost.Cable));
        Assert.Equal("nothing to take back", _host.Setup("--revert").Output.Trim());
    }

    [Fact]
    public void What_a_killed_run_left_on_another_link_is_taken_back_by_the_next_start()
    {
        var before = _host.Settings(ResolvedHost.Cable);
        _host.End(Hold(), Processes.SIGKILL);
        _host.Host.Exec("ip", "link", "add", "other", "type", "bridge");
        _host.Host.Exec("ip", "link", "set", "other", "up");

        _host.Hold("--link", "other", "--server", "172.31.253.2");

        _host.Until(() => _host.Settings("other").Contains("~cluster.local"), "the other link is set");
        Assert.Equal(before, _host.Settings(ResolvedHost.Cable));
        Assert.Contains("other is down, without a carrier or without an address", _host.LogText);
    }

    [Fact]
    public void While_the_first_server_is_silent_the_second_is_asked()
    {
        using var second = StartCluster(ResolvedHost.Second);
        second.Index.Put(new Network.Dns.Plugins.Cluster.DnsService("default", "second") { ClusterIps = [System.Net.IPAddress.Parse("10.96.2.2")] });
        Hold("--server", $"{ResolvedHost.Second.Address}");
        Assert.Equal("10.96.7.7", _host.Dig(Web));
        Assert.Equal("", _host.Dig("second.default.svc.cluster.local"));

        _cluster.Dispose();
        _host.Until(() => _host.Resolvectl("dns", ResolvedHost.Cable).Trim().EndsWith($"): {ResolvedHost.Second.Address}"), "the silent server is left out");
        // The answer of the first one's time is not remembered.
        Assert.Equal("10.96.2.2", _host.Dig("second.default.svc.cluster.local"));

        _cluster = StartCluster(ResolvedHost.First);
        _host.Until(() => _host.Resolvectl("dns", ResolvedHost.Cable).Contains($"{ResolvedHost.First.Address} {ResolvedHost.Second.Address}"), "the first server is back in its place");
        Assert.Equal("", _host.Dig("second.default.svc.cluster.local"));
    }

    [Fact]
    public void On_a_node_the_bridge_is_found_and_the_address_of_the_node_itself_is_asked()
    {
        var ns = _host.Host;
        ns.Exec("ip", "address", "add", "10.96.0.10/32", "dev", "lo");
        ns.Exec("ip", "link", "add", "w1-br", "type", "bridge");
        ns.Exec("ip", "address", "add", "10.244.1.1/24", "dev", "w1-br");
        ns.Exec("ip", "link", "set", "w1-br", "up");
        ns.Exec("ip", "link", "add", "pod", "type", "veth", "peer", "name", "pod-eth0");
        ns.Exec("ip", "link", "set", "pod-eth0", "up");
        ns.Exec("ip", "link", "set", "pod", "master", "w1-br", "up");
        using var own = new NamespaceDns(ns, System.Net.IPEndPoint.Parse("10.96.0.10:53"), _host.PathOf("own.corefile"), NamespaceDns.Cluster);

        _host.Hold();

        _host.Until(() => _host.Dig(Web) == "10.96.7.7", "a node resolves through its own server");
        Assert.Equal("w1-br", (string?)_host.Reports()[0]["link"]);
    }

    [Fact]
    public void A_dry_run_says_the_calls_and_makes_none()
    {
        var before = _host.Settings(ResolvedHost.Cable);

        var result = _host.Setup("--dry-run", "--server", $"{ResolvedHost.First.Address}:5353", "--service-cidr", "10.96.0.0/16", "--cluster-cidr", "fd00:10:244::/48");

        Assert.Equal(0, result.Exit.ShellCode);
        Assert.Contains("  domains ~cluster.local ~96.10.in-addr.arpa ~4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa\n", result.Output);
        Assert.Contains("  servers 172.31.253.2:5353\n", result.Output);
        Assert.Contains($"no route over {ResolvedHost.Cable} leads to server 203.0.113.9",
            _host.Setup("--dry-run", "--link", ResolvedHost.Cable, "--server", "172.31.253.2", "--server", "203.0.113.9").Error);
        Assert.Equal(before, _host.Settings(ResolvedHost.Cable));
    }

    [Fact]
    public void A_link_with_servers_of_somebody_else_is_left_alone()
    {
        _host.Resolvectl("dns", ResolvedHost.Uplink, "192.0.2.53");
        var before = _host.Settings(ResolvedHost.Uplink);

        var result = _host.Setup("--link", ResolvedHost.Uplink);

        Assert.Equal(1, result.Exit.ShellCode);
        Assert.Contains($"link {ResolvedHost.Uplink} has DNS settings of somebody else (192.0.2.53)", result.Error);
        Assert.Equal(before, _host.Settings(ResolvedHost.Uplink));
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Refused(_host.Setup("--link", "nowhere"), "link nowhere is not on this host");
        Refused(_host.Setup("--server", "203.0.113.9"), "no link of this host leads to 203.0.113.9");
        Refused(_host.Setup("--link", "lo"), "is the loopback");
        Refused(_host.Setup("--server", "ten"), "--server \"ten\" is not an address");
        Refused(_host.SetupAsNobody("--server", "172.31.253.2"), "polkit refused");
        _host.KillResolved();
        Refused(_host.Setup("--server", "172.31.253.2"), "systemd-resolved is not running");
        Refused(_host.SetupOn("unix:path=/nowhere/bus"), "no system bus at unix:path=/nowhere/bus");
    }

    public void Dispose()
    {
        _cluster?.Dispose();
        _world?.Dispose();
        _host.Dispose();
    }

    private static void Refused(CommandResult result, string words)
    {
        Assert.NotEqual(0, result.Exit.ShellCode);
        Assert.Contains(words, result.Error);
        Assert.DoesNotContain("   at ", result.Error);
    }

    private Child Hold(params string[] more)
    {
        var program = _host.Hold(["--link", ResolvedHost.Cable, "--server", $"{ResolvedHost.First.Address}", .. more]);
        _host.Until(() => _host.Reports().Count > 0, "the setup reports");
        return program;
    }

    private NamespaceDns StartCluster(System.Net.IPEndPoint address) => new(_host.Node, address, _host.PathOf($"{address.Address}.corefile"), NamespaceDns.Cluster);
}
