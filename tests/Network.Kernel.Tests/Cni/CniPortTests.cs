using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Network.Cni.Protocol;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Cni;

/// <summary>Ports of the node that lead to pods: real connections from outside, from the node and from the pod itself.</summary>
public sealed class CniPortTests : IDisposable
{
    private readonly CniNode _node = new();

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public void Port_of_the_node_leads_to_the_pod_from_everywhere_until_DEL(string backend)
    {
        Requires.Tool("nft");
        var (outside, pod) = (_node.Outside(), _node.Space());
        var fields = Fields(backend, """{"hostPort":8080,"containerPort":80,"protocol":"tcp"}""");
        var result = _node.Ok("ADD", "a", pod.Path, fields)!;
        using var server = CniNode.Serve(pod, 80, "web");

        Assert.Equal("web 192.0.2.2", CniNode.Ask(outside, "192.0.2.1", 8080));
        Assert.Equal("web 2001:db8::2", CniNode.Ask(outside, "2001:db8::1", 8080));
        Assert.StartsWith("web ", CniNode.Ask(_node.Ns, "127.0.0.1", 8080));
        Assert.StartsWith("web ", CniNode.Ask(_node.Ns, "192.0.2.1", 8080));
        Assert.StartsWith("web 10.244.1.1", CniNode.Ask(pod, "192.0.2.1", 8080));
        _node.Ok("CHECK", "a", pod.Path, $"{CniNode.Previous(result)},{fields}");
        _node.Ok("ADD", "a", pod.Path, fields);
        Assert.Equal(5, RulesOf("net a eth0", backend));

        _node.Ok("DEL", "a", null, fields);

        Assert.Equal(0, RulesOf("net a eth0", backend));
        Assert.Equal("ConnectionRefused", CniNode.Ask(outside, "192.0.2.1", 8080));
        _node.Ok("DEL", "a", null, fields);
    }

    [Fact]
    public void Same_port_on_two_addresses_of_the_node_leads_to_two_pods()
    {
        var (outside, a, b) = (_node.Outside(), _node.Space(), _node.Space());
        _node.Ns.Exec("ip", "address", "add", "192.0.2.7/24", "dev", "up0");
        _node.Ok("ADD", "a", a.Path, Fields("nftables", """{"hostPort":8080,"containerPort":80,"hostIP":"192.0.2.1"}"""));
        _node.Ok("ADD", "b", b.Path, Fields("nftables", """{"hostPort":8080,"containerPort":80,"hostIP":"192.0.2.7"}"""));
        using var first = CniNode.Serve(a, 80, "a");
        using var second = CniNode.Serve(b, 80, "b");

        Assert.Equal("a 192.0.2.2", CniNode.Ask(outside, "192.0.2.1", 8080));
        Assert.Equal("b 192.0.2.2", CniNode.Ask(outside, "192.0.2.7", 8080));
    }

    [Theory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public void Sender_that_never_stops_reaches_the_new_pod_and_forgets_the_one_that_went(string backend)
    {
        Requires.Tool("conntrack");
        var (outside, pod) = (_node.Outside(), _node.Space());
        var fields = Fields(backend, """{"hostPort":5353,"containerPort":53,"protocol":"udp"}""");
        using var sender = outside.Run(() => new UdpClient(new IPEndPoint(IPAddress.Any, 40000)) { Client = { ReceiveTimeout = 10_000 } });
        // The node answers for nobody yet, and the kernel remembers the flow as one to the node itself.
        using var deaf = _node.Ns.Run(() => new UdpClient(new IPEndPoint(IPAddress.Any, 5353)));
        _node.Ns.Exec("nft", "add table ip t; add chain ip t i { type filter hook input priority 0; }; add rule ip t i ct state new counter");
        Send(sender);
        IPEndPoint? from = null;
        deaf.Receive(ref from);
        Assert.Contains("dport=5353", _node.Ns.Exec("conntrack", "-L", "-p", "udp"));

        _node.Ok("ADD", "a", pod.Path, fields);
        using var server = pod.Run(() => new UdpClient(new IPEndPoint(IPAddress.Any, 53)) { Client = { ReceiveTimeout = 10_000 } });
        Send(sender);

        Assert.Equal("hello", Encoding.UTF8.GetString(server.Receive(ref from)));
        _node.Ok("DEL", "a", null, fields);
        Assert.DoesNotContain("dport=5353", _node.Ns.Exec("conntrack", "-L", "-p", "udp"));
    }

    [Fact]
    public void Lost_rule_is_found_by_CHECK_and_stale_rules_by_GC()
    {
        var (a, b) = (_node.Space(), _node.Space());
        var (first, second) = (Fields("nftables", """{"hostPort":8080,"containerPort":80}"""), Fields("nftables", """{"hostPort":8081,"containerPort":80}"""));
        var result = _node.Ok("ADD", "a", a.Path, first)!;
        _node.Ok("ADD", "b", b.Path, second);

        _node.Ok("GC", "x", null, $"\"cni.dev/valid-attachments\":[{{\"containerID\":\"a\",\"ifname\":\"eth0\"}}],{first}", "1.1.0");

        Assert.Equal((5, 0), (RulesOf("net a eth0"), RulesOf("net b eth0")));
        _node.Ns.Exec("nft", "flush", "chain", "inet", "podnet-hostports", "ports");
        var (exit, error) = _node.Run("CHECK", "a", a.Path, $"{CniNode.Previous(result)},{first}");
        Assert.Equal((1, CniError.CheckFailed), (exit, (int)error!["code"]!));
        Assert.Contains("port rule", (string?)error["msg"]);
    }

    [Fact]
    public void Pods_leave_their_network_with_the_nodes_address_where_that_is_configured()
    {
        var (outside, pod) = (_node.Outside(), _node.Space());
        using var server = CniNode.Serve(outside, 80, "out");
        _node.Ok("ADD", "a", pod.Path, $"\"type\":\"bridge\",\"bridge\":\"cni0\",\"isDefaultGateway\":true,\"ipMasq\":true,\"ipam\":{_node.DualStackIpam}");

        Assert.Equal("out 192.0.2.1", CniNode.Ask(pod, "192.0.2.2", 80));
        Assert.Equal("out 2001:db8::1", CniNode.Ask(pod, "2001:db8::2", 80));
        Assert.StartsWith("10.244.1.", pod.Exec("ip", "-o", "-4", "address", "show", "eth0").Split("inet ")[1]);
    }

    [Fact]
    public void Bandwidth_limits_are_what_tc_shows_and_go_with_the_pod()
    {
        var pod = _node.Space();
        var fields = $"\"type\":\"podnet-cni\",\"bridge\":\"w1-br\",\"ipam\":{_node.DualStackIpam}," +
            "\"runtimeConfig\":{\"bandwidth\":{\"ingressRate\":8000000,\"ingressBurst\":800000,\"egressRate\":16000000,\"egressBurst\":800000}}";
        var result = _node.Ok("ADD", "a", pod.Path, fields)!;
        _node.Ok("ADD", "a", pod.Path, fields);
        var host = (string)result["interfaces"]![1]!["name"]!;
        var shaper = $"s{host[1..]}";

        Assert.Equal(1_000_000, Rate(host));
        Assert.Equal(2_000_000, Rate(shaper));
        var filters = _node.Ns.Exec("tc", "filter", "show", "dev", host, "ingress");
        Assert.Contains($"Egress Redirect to device {shaper}", filters);
        pod.Exec("busybox", "ping", "-c1", "-W5", "10.244.1.1");
        Assert.True((long)JsonNode.Parse(_node.Ns.Exec("ip", "-s", "-j", "link", "show", shaper))![0]!["stats64"]!["tx"]!["packets"]! > 0);
        _node.Ok("CHECK", "a", pod.Path, $"{CniNode.Previous(result)},{fields}");

        _node.Ok("DEL", "a", null, fields);
        Assert.DoesNotContain("ifb", _node.Ns.Exec("ip", "-d", "link"));
    }

    private string Fields(string backend, string mapping) =>
        $"\"type\":\"podnet-cni\",\"bridge\":\"w1-br\",\"backend\":\"{backend}\",\"runtimeConfig\":{{\"portMappings\":[{mapping}]}},\"ipam\":{_node.DualStackIpam}";

    private int RulesOf(string key, string backend = "nftables") => backend == "nftables"
        ? _node.Ns.Exec("nft", "list", "table", "inet", "podnet-hostports").Split($"comment \"{key}\"").Length - 1
        : ((string[])["iptables-save", "ip6tables-save"]).Sum(save => _node.Ns.Exec(save, "-t", "nat").Split($"--comment \"{key}\"").Length - 1);

    private long Rate(string device) => (long)JsonNode.Parse(_node.Ns.Exec("tc", "-j", "qdisc", "show", "dev", device))!.AsArray()
        .Single(qdisc => (string?)qdisc!["kind"] == "tbf")!["options"]!["rate"]!;

    private static void Send(UdpClient sender) => sender.Send("hello"u8, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 5353));
}
