using System.Text.Json.Nodes;
using Network.Cni.Protocol;
using Xunit;

namespace Network.Kernel.Tests.Cni;

/// <summary>Every type of the one program, chained as runtimes chain them, in every version of the protocol.</summary>
public sealed class CniTypeTests : IDisposable
{
    private readonly CniNode _node = new();

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData("0.3.1")]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    [InlineData("1.1.0")]
    public void List_of_bridge_portmap_and_bandwidth_lives_through_every_verb(string version)
    {
        var pod = _node.Space();
        string[] plugins =
        [
            $"\"type\":\"bridge\",\"bridge\":\"cni0\",\"isDefaultGateway\":true,\"ipam\":{_node.DualStackIpam}",
            $"\"type\":\"portmap\",\"dataDir\":\"{_node.Data.FullName}\",\"runtimeConfig\":{{\"portMappings\":[{{\"hostPort\":8080,\"containerPort\":80}}]}}",
            "\"type\":\"bandwidth\",\"runtimeConfig\":{\"bandwidth\":{\"ingressRate\":8000000,\"ingressBurst\":800000,\"egressRate\":8000000,\"egressBurst\":800000}}",
        ];
        JsonNode? result = null;
        foreach (var plugin in plugins)
            result = _node.Ok("ADD", "a", pod.Path, plugin + (result is null ? "" : "," + CniNode.Previous(result)), version);

        Assert.Equal(version, (string?)result!["cniVersion"]);
        Assert.Equal(["10.244.1.2/24", "fd00:1::2/64"], result["ips"]!.AsArray().Select(ip => (string)ip!["address"]!));
        Assert.All(result["ips"]!.AsArray(), ip => Assert.Equal("eth0", (string?)result["interfaces"]![(int)ip!["interface"]!]!["name"]));
        Assert.Equal(version[0] == '0', result["ips"]![0]!["version"] is not null);
        Assert.Equal(4, result["interfaces"]!.AsArray().Count);
        pod.Exec("busybox", "ping", "-c1", "-W5", "10.244.1.1");
        pod.Exec("busybox", "ping", "-6", "-c1", "-W5", "fd00:1::1");
        foreach (var plugin in plugins)
            Assert.Equal(version == "0.3.1" ? 1 : 0, _node.Run("CHECK", "a", pod.Path, $"{plugin},{CniNode.Previous(result)}", version).Exit);
        foreach (var plugin in version == "1.1.0" ? plugins : [])
        {
            _node.Ok("STATUS", "", null, plugin, version);
            _node.Ok("GC", "", null, plugin + ",\"cni.dev/valid-attachments\":[{\"containerID\":\"a\",\"ifname\":\"eth0\"}]", version);
        }

        pod.Exec("busybox", "ping", "-c1", "-W5", "10.244.1.1");
        foreach (var plugin in plugins.Reverse())
            _node.Ok("DEL", "a", pod.Path, $"{plugin},{CniNode.Previous(result)}", version);
        Assert.Equal(["lo", "cni0"], Devices(_node.Ns));
        Assert.Equal(["lo"], Devices(pod));
    }

    [Fact]
    public void Point_to_point_pods_reach_each_other_through_routes_on_the_node()
    {
        var (a, b) = (_node.Space(), _node.Space());
        var fields = $"\"type\":\"ptp\",\"ipam\":{_node.DualStackIpam}";
        var result = _node.Ok("ADD", "a", a.Path, fields)!;
        _node.Ok("ADD", "b", b.Path, fields);

        Assert.Equal("10.244.1.2/32", (string?)result["ips"]![0]!["address"]);
        a.Exec("busybox", "ping", "-c1", "-W5", "10.244.1.3");
        b.Exec("busybox", "ping", "-6", "-c1", "-W5", "fd00:1::2");
        _node.Ok("CHECK", "a", a.Path, $"{fields},{CniNode.Previous(result)}");
        _node.Ns.Exec("ip", "route", "delete", "10.244.1.2");
        Assert.Equal(CniError.CheckFailed, (int)_node.Run("CHECK", "a", a.Path, $"{fields},{CniNode.Previous(result)}").Json!["code"]!);
        _node.Ok("DEL", "a", null, fields);
        Assert.DoesNotContain("10.244.1.2", _node.Ns.Exec("ip", "route"));
    }

    [Fact]
    public void Isolated_ports_reach_the_gateway_alone()
    {
        var (a, b) = (_node.Space(), _node.Space());
        var fields = $"\"type\":\"bridge\",\"bridge\":\"cni0\",\"isGateway\":true,\"portIsolation\":true,\"ipam\":{_node.DualStackIpam}";
        var host = (string)_node.Ok("ADD", "a", a.Path, fields)!["interfaces"]![1]!["name"]!;
        _node.Ok("ADD", "b", b.Path, fields);

        a.Exec("busybox", "ping", "-c1", "-W5", "10.244.1.1");
        Assert.True((bool)JsonNode.Parse(_node.Ns.Exec("bridge", "-d", "-j", "link", "show", "dev", host))![0]!["isolated"]!);
        Assert.ThrowsAny<Exception>(() => a.Exec("busybox", "ping", "-c1", "-W1", "10.244.1.3"));
    }

    [Fact]
    public void Loopback_comes_up_and_goes_down()
    {
        var pod = _node.Space();
        pod.Exec("ip", "link", "set", "lo", "down");
        var result = _node.Ok("ADD", "a", pod.Path, "\"type\":\"loopback\"")!;

        Assert.Equal("127.0.0.1/8", (string?)result["ips"]![0]!["address"]);
        pod.Exec("busybox", "ping", "-c1", "-W5", "127.0.0.1");
        _node.Ok("DEL", "a", pod.Path, "\"type\":\"loopback\"");
        Assert.DoesNotContain("UP", (string)JsonNode.Parse(pod.Exec("ip", "-j", "link", "show", "lo"))![0]!["flags"]!.ToJsonString());
    }

    [Fact]
    public void Debians_bridge_takes_addresses_from_this_program_and_this_program_from_host_local()
    {
        Assert.SkipUnless(File.Exists("/usr/lib/cni/host-local"), "needs containernetworking-plugins");
        var (a, b) = (_node.Space(), _node.Space());
        var own = $"\"type\":\"bridge\",\"bridge\":\"cni0\",\"ipam\":{_node.DualStackIpam}";
        // The reservation that the other program made in the same directory is respected.
        var folder = Directory.CreateDirectory(Path.Combine(_node.Data.FullName, "net"));
        File.WriteAllText(Path.Combine(folder.FullName, "10.244.1.2"), "other\r\neth0");
        File.WriteAllText(Path.Combine(folder.FullName, "last_reserved_ip.0"), "10.244.1.2");

        Assert.Equal("10.244.1.3/24", (string?)_node.Ok("ADD", "a", a.Path, own)!["ips"]![0]!["address"]);
        _node.Ok("DEL", "other", null, own);
        Assert.False(File.Exists(Path.Combine(folder.FullName, "10.244.1.2")));
        var answer = _node.Ok("ADD", "b", b.Path, own, program: "host-local")!;
        Assert.Null(answer["interfaces"]?.AsArray().FirstOrDefault());
        Assert.Equal("10.244.1.4/24", (string?)answer["ips"]![0]!["address"]);
    }

    [Fact]
    public void Addresses_are_announced_to_the_network()
    {
        TestKit.Requires.Tool("tcpdump");
        var (a, b) = (_node.Space(), _node.Space());
        var fields = $"\"type\":\"bridge\",\"bridge\":\"cni0\",\"isGateway\":true,\"ipam\":{_node.DualStackIpam}";
        _node.Ok("ADD", "a", a.Path, fields);
        var capture = Path.Combine(_node.Data.FullName, "capture");
        var tcpdump = Linux.Child.Start(new Linux.ChildSpec("tcpdump", ["-i", "eth0", "-n", "-l", "-e", "--immediate-mode", "arp or icmp6"]) { NetNs = a.Name, LogFile = capture });
        try
        {
            Assert.True(SpinWait.SpinUntil(() => File.Exists(capture) && File.ReadAllText(capture).Contains("listening", StringComparison.Ordinal), 30_000), "tcpdump does not listen");
            _node.Ok("ADD", "b", b.Path, fields);
            Assert.True(SpinWait.SpinUntil(() => File.ReadAllText(capture) is var text && text.Contains("10.244.1.3 tell 10.244.1.3", StringComparison.Ordinal)
                && text.Contains("neighbor advertisement, tgt is fd00:1::3", StringComparison.Ordinal), 30_000), File.ReadAllText(capture));
        }
        finally
        {
            tcpdump.Kill(15);
            tcpdump.Wait();
        }
    }

    [Theory]
    [InlineData("\"type\":\"bridge\",\"bridge\":\"cni0\",\"ipam\":{\"subnet\":\"10.244.1.1/24\"}", CniError.InvalidConfig)]
    [InlineData("\"type\":\"bridge\",\"bridge\":\"a/b\",\"ipam\":{\"subnet\":\"10.244.1.0/24\"}", CniError.InvalidConfig)]
    [InlineData("\"type\":\"bridge\",\"bridge\":\"lo\",\"ipam\":{\"subnet\":\"10.244.1.0/24\",\"dataDir\":\"DATA\"}", CniError.InvalidConfig)]
    [InlineData("\"type\":\"macvlan\"", CniError.InvalidConfig)]
    [InlineData("\"type\":\"bridge\",\"vlan\":7,\"ipam\":{\"subnet\":\"10.244.1.0/24\"}", CniError.UnsupportedField)]
    [InlineData("\"type\":\"bridge\",\"bridge\":\"cni0\",\"ipam\":{\"type\":\"not-there\"}", CniError.InvalidConfig)]
    public void Refused_configuration_touches_nothing(string fields, int code)
    {
        var pod = _node.Space();

        var (exit, error) = _node.Run("ADD", "a", pod.Path, fields.Replace("DATA", _node.Data.FullName, StringComparison.Ordinal));

        Assert.Equal((1, code), (exit, (int)error!["code"]!));
        Assert.Equal(["lo"], Devices(_node.Ns));
        Assert.Equal(["lo"], Devices(pod));
        Assert.DoesNotContain(_node.Data.EnumerateFiles("leases", SearchOption.AllDirectories), file => HoldsAny(file));
    }

    private static bool HoldsAny(FileInfo leases)
    {
        var balance = new Dictionary<string, int>();
        foreach (var line in File.ReadLines(leases.FullName).Skip(1))
            balance[line.Split(' ')[1]] = line[0] == '+' ? 1 : 0;
        return balance.Values.Sum() > 0;
    }

    private static IEnumerable<string> Devices(TestKit.ScratchNetNs ns) =>
        JsonNode.Parse(ns.Exec("ip", "-j", "link"))!.AsArray().Select(link => (string)link!["ifname"]!);
}
