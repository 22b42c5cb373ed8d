using System.Text.Json.Nodes;
using Network.Cni.Protocol;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Cni;

/// <summary>What the options of a configuration do, as the kernel shows it; and address management by other programs.</summary>
public sealed class CniOptionTests : IDisposable
{
    private readonly CniNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Frames_with_another_MAC_than_the_pods_are_dropped_where_that_is_configured()
    {
        var (a, b) = (_node.Space(), _node.Space());
        var host = HostOf(_node.Ok("ADD", "a", a.Path, Bridge("\"macspoofchk\":true"))!);
        _node.Ok("ADD", "b", b.Path, Bridge("\"macspoofchk\":true"));

        Assert.True((bool)Port(host)["locked"]!);
        Assert.False((bool)Port(host)["learning"]!);
        Assert.True(Reaches(a, "10.244.1.1") && Reaches(a, "10.244.1.3"));
        a.Exec("ip", "link", "set", "eth0", "address", "02:00:00:00:00:99");
        Assert.False(Reaches(a, "10.244.1.1"));
        a.Exec("ip", "link", "set", "eth0", "address", "0a:58:0a:f4:01:02");
        Assert.True(Reaches(a, "10.244.1.1"));
    }

    [Fact]
    public void Addresses_serve_at_once_unless_duplicate_detection_is_configured()
    {
        var (quick, careful) = (_node.Space(), _node.Space());
        _node.Ok("ADD", "quick", quick.Path, Bridge());
        _node.Ok("ADD", "careful", careful.Path, Bridge("\"enabledad\":true"));

        Assert.True((bool?)V6Of(quick)["nodad"]);
        Assert.Null(V6Of(careful)["nodad"]);
        Assert.Null(V6Of(careful)["tentative"]);
        Assert.Equal("1", careful.Run(() => File.ReadAllText("/proc/sys/net/ipv6/conf/eth0/accept_dad").Trim()));
    }

    [Fact]
    public void Address_that_somebody_else_has_is_found_and_the_ADD_undone()
    {
        var (squatter, pod) = (_node.Space(), _node.Space());
        _node.Ok("ADD", "squatter", squatter.Path, Bridge());
        squatter.Exec("ip", "address", "add", "fd00:1::3/64", "dev", "eth0", "nodad");

        var (exit, error) = _node.Run("ADD", "a", pod.Path, Bridge("\"enabledad\":true"));

        Assert.Equal((1, CniError.TryAgainLater), (exit, (int)error!["code"]!));
        Assert.Contains("fd00:1::3", (string?)error["msg"]);
        Assert.Equal(["lo"], Links(pod));
        Assert.Equal(3, Links(_node.Ns).Count());
    }

    [Fact]
    public void Promiscuous_bridge_is_what_ip_shows_and_excludes_hairpin()
    {
        var pod = _node.Space();
        _node.Ok("ADD", "a", pod.Path, Bridge("\"promiscMode\":true"));

        var bridge = JsonNode.Parse(_node.Ns.Exec("ip", "-j", "-d", "link", "show", "dev", "cni0"))![0]!;
        Assert.Contains("PROMISC", bridge["flags"]!.ToJsonString());
        Assert.True((int)bridge["promiscuity"]! > 0);
        Assert.Equal(CniError.InvalidConfig, (int)_node.Run("ADD", "b", _node.Space().Path, Bridge("\"promiscMode\":true,\"hairpinMode\":true")).Json!["code"]!);
    }

    [Theory]
    [InlineData("\"hairpinMode\":true", true)]
    [InlineData("\"hairpinMode\":false", false)]
    public void Hairpin_is_what_bridge_shows_and_a_pod_reaches_itself_by_it(string field, bool expected)
    {
        var pod = _node.Space();
        Assert.Equal(expected, (bool)Port(HostOf(_node.Ok("ADD", "a", pod.Path, Bridge(field))!))["hairpin"]!);
    }

    [Fact]
    public void Debians_static_gives_the_addresses_and_everything_follows_them()
    {
        Assert.SkipUnless(File.Exists("/usr/lib/cni/static"), "needs containernetworking-plugins");
        var pod = _node.Space();
        const string fields = """
            "type":"bridge","bridge":"cni0","isGateway":true,"ipam":{"type":"static","addresses":[{"address":"10.244.1.7/24","gateway":"10.244.1.1"},{"address":"fd00:1::7/64","gateway":"fd00:1::1"}],
             "routes":[{"dst":"0.0.0.0/0"},{"dst":"10.99.0.0/16","gw":"10.244.1.1"}],"dns":{"nameservers":["10.96.0.10"]} }
            """;
        var result = _node.Ok("ADD", "a", pod.Path, fields)!;

        Assert.Equal(["10.244.1.7/24", "fd00:1::7/64"], result["ips"]!.AsArray().Select(ip => (string)ip!["address"]!));
        Assert.Equal("10.96.0.10", (string?)result["dns"]!["nameservers"]![0]);
        Assert.Equal(["default", "10.99.0.0/16"], JsonNode.Parse(pod.Exec("ip", "-j", "route", "show", "via", "10.244.1.1"))!.AsArray().Select(route => (string)route!["dst"]!));
        Assert.True(Reaches(pod, "10.244.1.1"));
        _node.Ok("CHECK", "a", pod.Path, $"{CniNode.Previous(result)},{fields}");
        pod.Exec("ip", "address", "delete", "10.244.1.7/24", "dev", "eth0");
        Assert.Equal(CniError.CheckFailed, (int)_node.Run("CHECK", "a", pod.Path, $"{CniNode.Previous(result)},{fields}").Json!["code"]!);
        _node.Ok("DEL", "a", pod.Path, fields);
        Assert.Equal(["lo", "cni0"], Links(_node.Ns));
    }

    [Fact]
    public void Address_manager_gets_the_whole_configuration_and_every_verb_and_takes_back_what_a_refused_ADD_had()
    {
        var (binaries, log) = (_node.Data.CreateSubdirectory("bin").FullName, Path.Combine(_node.Data.FullName, "log"));
        File.WriteAllText(Path.Combine(binaries, "recorder"), $$"""
            #!/bin/sh
            echo "$CNI_COMMAND $CNI_CONTAINERID $(cat)" >> {{log}}
            [ $CNI_COMMAND = ADD ] && echo '{"cniVersion":"1.1.0","ips":[{"address":"10.244.1.9/24","gateway":"10.244.1.1"}]}'
            [ $CNI_COMMAND = STATUS ] && echo '{"code":51,"msg":"the server is away"}' && exit 1
            exit 0

            """);
        File.SetUnixFileMode(Path.Combine(binaries, "recorder"), (UnixFileMode)0x1ED);
        var (pod, occupied) = (_node.Space(), _node.Space());
        occupied.Exec("ip", "link", "add", "eth0", "type", "bridge");
        const string fields = "\"type\":\"bridge\",\"bridge\":\"cni0\",\"note\":\"kept\",\"ipam\":{\"type\":\"recorder\"}";

        var result = _node.Ok("ADD", "a", pod.Path, fields, "1.1.0", path: binaries)!;
        Assert.Equal(1, _node.Run("ADD", "b", occupied.Path, fields, "1.1.0", path: binaries).Exit);
        _node.Ok("CHECK", "a", pod.Path, $"{CniNode.Previous(result)},{fields}", "1.1.0", path: binaries);
        Assert.Equal(51, (int)_node.Run("STATUS", "", null, fields, "1.1.0", path: binaries).Json!["code"]!);
        _node.Ok("GC", "", null, fields + ",\"cni.dev/valid-attachments\":[]", "1.1.0", path: binaries);
        _node.Ok("DEL", "a", null, fields, "1.1.0", path: binaries);

        var lines = File.ReadAllLines(log);
        Assert.Equal(["ADD a", "ADD b", "DEL b", "CHECK a", "STATUS", "GC", "DEL a"], lines.Select(line => line[..line.IndexOf('{', StringComparison.Ordinal)].TrimEnd()));
        Assert.All(lines, line => Assert.Contains("\"note\":\"kept\"", line));
        // GC found a pod that nobody named valid.
        Assert.Equal(["lo", "cni0"], Links(_node.Ns));
        Assert.Equal(["lo"], Links(pod));
    }

    private string Bridge(string field = "\"isGateway\":true") => $"\"type\":\"bridge\",\"bridge\":\"cni0\",\"isDefaultGateway\":true,{field},\"ipam\":{_node.DualStackIpam}";

    private static string HostOf(JsonNode result) => (string)result["interfaces"]![1]!["name"]!;

    private JsonNode Port(string device) => JsonNode.Parse(_node.Ns.Exec("bridge", "-d", "-j", "link", "show", "dev", device))![0]!;

    private static JsonNode V6Of(ScratchNetNs pod) => JsonNode.Parse(pod.Exec("ip", "-j", "-6", "address", "show", "dev", "eth0", "scope", "global"))![0]!["addr_info"]![0]!;

    private static IEnumerable<string> Links(ScratchNetNs space) => JsonNode.Parse(space.Exec("ip", "-j", "link"))!.AsArray().Select(link => (string)link!["ifname"]!);

    private static bool Reaches(ScratchNetNs from, string address)
    {
        try
        {
            from.Exec("busybox", "ping", "-c2", "-W2", address);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
