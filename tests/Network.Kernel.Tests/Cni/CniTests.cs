using System.Text;
using System.Text.Json.Nodes;
using Network.Cni;
using Network.Cni.Protocol;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Cni;

/// <summary>The plugin in a node namespace with real pods; ping and ip are the judges.</summary>
public sealed class CniTests : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("cni");
    private readonly ScratchNetNs _node = Scratch("node");
    private readonly List<ScratchNetNs> _pods = [];

    public void Dispose()
    {
        _pods.ForEach(pod => pod.Dispose());
        _node.Dispose();
        _data.Delete(recursive: true);
    }

    [Fact]
    public void Pods_reach_each_other_and_the_gateway_at_once()
    {
        var (a, b) = (Pod(), Pod());
        var first = Ok("ADD", "a", a);
        var second = Ok("ADD", "b", b);

        Assert.Equal("10.244.1.2/24", (string?)first["ips"]![0]!["address"]);
        // No second packet: the first must not be lost to a bridge port that is not forwarding yet.
        b.Exec("busybox", "ping", "-c1", "-W1", "10.244.1.2");
        a.Exec("busybox", "ping", "-c1", "-W1", "10.244.1.1");
        _node.Exec("busybox", "ping", "-c1", "-W1", "10.244.1.3");
        Assert.Equal("10.244.1.3/24", (string?)second["ips"]![0]!["address"]);
    }

    [Fact]
    public void What_is_made_is_what_ip_shows()
    {
        var pod = Pod();
        var result = Ok("ADD", "a", pod, args: "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0");

        var host = Link(_node, (string)result["interfaces"]![1]!["name"]!);
        Assert.Equal(("default/web-0/eth0", "w1-br", 1450), ((string)host["ifalias"]!, (string)host["master"]!, (int)host["mtu"]!));
        Assert.True((bool)host["linkinfo"]!["info_slave_data"]!["hairpin"]!);
        Assert.Equal((string?)result["interfaces"]![1]!["mac"], (string?)host["address"]);
        var eth0 = Link(pod, "eth0");
        Assert.Equal(("0a:58:0a:f4:01:02", 1450), ((string)eth0["address"]!, (int)eth0["mtu"]!));
        Assert.Equal("0a:58:0a:f4:01:01", (string?)Link(_node, "w1-br")["address"]);
        Assert.StartsWith("default via 10.244.1.1 dev eth0", pod.Exec("ip", "route"));
        Assert.Equal("1", _node.Exec("cat", "/proc/sys/net/ipv4/ip_forward").Trim());
        Assert.Equal("0", _node.Exec("cat", "/proc/sys/net/ipv6/conf/w1-br/accept_ra").Trim());
    }

    [Fact]
    public void ADD_again_answers_the_same_and_repairs_half_an_attachment()
    {
        var pod = Pod();
        var first = Ok("ADD", "a", pod);
        Assert.Equal(first.ToJsonString(), Ok("ADD", "a", pod).ToJsonString());

        pod.Exec("ip", "link", "delete", "eth0");
        Assert.Equal(first.ToJsonString(), Ok("ADD", "a", pod).ToJsonString());
        pod.Exec("busybox", "ping", "-c1", "-W1", "10.244.1.1");
    }

    [Fact]
    public void DEL_removes_everything_of_the_pod_also_without_namespace_and_twice()
    {
        var pod = Pod();
        var host = (string)Ok("ADD", "a", pod)["interfaces"]![1]!["name"]!;
        Assert.Equal(0, Run("DEL", "a", netNs: null).Exit);

        Assert.DoesNotContain(host, _node.Exec("ip", "link"));
        Assert.DoesNotContain("eth0", pod.Exec("ip", "link"));
        Assert.Contains("w1-br", _node.Exec("ip", "link"));
        Assert.Equal(0, Run("DEL", "a", "/run/netns/gone").Exit);
        Assert.Equal(0, Run("DEL", "never-added", netNs: null).Exit);
    }

    [Fact]
    public void Refused_ADD_leaves_no_device_and_no_address()
    {
        var pod = Pod();
        pod.Exec("ip", "link", "add", "eth0", "type", "bridge");

        var (exit, error) = Run("ADD", "a", pod.Path);

        Assert.Equal((1, CniError.InterfaceExists), (exit, (int)error!["code"]!));
        Assert.DoesNotContain("veth", _node.Exec("ip", "-d", "link"));
        Assert.Equal("10.244.1.3/24", (string?)Ok("ADD", "b", Pod())["ips"]![0]!["address"]);
        Assert.DoesNotContain(" a ", ActiveLeases());
    }

    [Fact]
    public void Plugins_own_namespace_is_refused()
    {
        var (exit, error) = Run("ADD", "a", _node.Path);

        Assert.Equal((1, CniError.InvalidNetNs), (exit, (int)error!["code"]!));
    }

    [Fact]
    public void CHECK_passes_after_ADD_and_names_what_was_lost()
    {
        var pod = Pod();
        var result = Ok("ADD", "a", pod);
        Assert.Equal(0, Run("CHECK", "a", pod.Path, previous: result).Exit);

        pod.Exec("ip", "route", "delete", "default");
        Assert.Contains("default route", (string?)Run("CHECK", "a", pod.Path, previous: result).Json!["msg"]);
        pod.Exec("ip", "address", "flush", "dev", "eth0");
        Assert.Contains("10.244.1.2", (string?)Run("CHECK", "a", pod.Path, previous: result).Json!["msg"]);
        Assert.Equal(CniError.InvalidConfig, (int)Run("CHECK", "a", pod.Path).Json!["code"]!);
    }

    [Fact]
    public void GC_keeps_the_valid_and_removes_the_rest()
    {
        var (a, b) = (Pod(), Pod());
        Ok("ADD", "a", a);
        Ok("ADD", "b", b);

        Assert.Equal(0, Run("GC", "x", null, version: "1.1.0", extra: "\"cni.dev/valid-attachments\":[{\"containerID\":\"a\",\"ifname\":\"eth0\"}]").Exit);

        a.Exec("busybox", "ping", "-c1", "-W1", "10.244.1.1");
        Assert.DoesNotContain("eth0", b.Exec("ip", "link"));
        Assert.Equal(0, Run("GC", "x", null, version: "1.1.0", extra: "\"cni.dev/valid-attachments\":[]").Exit);
        Assert.DoesNotContain("eth0", a.Exec("ip", "link"));
        Assert.Equal(CniError.InvalidConfig, (int)Run("GC", "x", null, version: "1.1.0").Json!["code"]!);
    }

    [Fact]
    public void Changed_pod_network_takes_the_former_gateway_off_the_bridge()
    {
        Ok("ADD", "a", Pod());
        Ok("ADD", "b", Pod(), subnet: "10.244.7.0/24");

        var addresses = _node.Exec("ip", "-4", "-o", "address", "show", "w1-br");
        Assert.Contains("10.244.7.1/24", addresses);
        Assert.DoesNotContain("10.244.1.1", addresses);
    }

    [Fact]
    public void Parallel_ADDs_make_one_bridge_and_distinct_addresses()
    {
        var pods = Enumerable.Range(0, 12).Select(_ => Pod()).ToList();
        var addresses = new System.Collections.Concurrent.ConcurrentBag<string?>();
        Parallel.For(0, pods.Count, i => addresses.Add((string?)Ok("ADD", $"c{i}", pods[i])["ips"]![0]!["address"]));

        Assert.Equal(pods.Count, addresses.Distinct().Count());
        Assert.All(pods, pod => pod.Exec("busybox", "ping", "-c1", "-W1", "10.244.1.1"));
    }

    private ScratchNetNs Pod()
    {
        var pod = Scratch("pod");
        lock (_pods)
            _pods.Add(pod);
        return pod;
    }

    private JsonNode Ok(string command, string id, ScratchNetNs pod, string? args = null, string subnet = "10.244.1.0/24")
    {
        var (exit, json) = Run(command, id, pod.Path, args: args, subnet: subnet);
        Assert.True(exit == 0, json?.ToJsonString());
        return json!;
    }

    private (int Exit, JsonNode? Json) Run(string command, string id, string? netNs, JsonNode? previous = null, string? args = null,
        string? extra = null, string subnet = "10.244.1.0/24", string version = "1.0.0")
    {
        var given = $"{(previous is null ? "" : $"\"prevResult\":{previous.ToJsonString()},")}{(extra is null ? "" : extra + ",")}";
        var config = $$$"""
            {"cniVersion":"{{{version}}}","name":"podnet","type":"podnet-cni","bridge":"w1-br","mtu":1450,{{{given}}}
             "ipam":{"subnet":"{{{subnet}}}","dataDir":"{{{_data.FullName}}}"}}
            """;
        var environment = new CniEnvironment { Command = command, ContainerId = id, IfName = "eth0", NetNs = netNs, Args = args, Path = "/usr/lib/cni" };
        var reply = _node.Run(() => Plugin.Run(environment, Encoding.UTF8.GetBytes(config)));
        return (reply.ExitCode, reply.Output.IsEmpty ? null : JsonNode.Parse(reply.Output.Span));
    }

    private string ActiveLeases()
    {
        var active = new Dictionary<string, string>();
        foreach (var line in File.ReadLines(Path.Combine(_data.FullName, "podnet", "leases")).Skip(1))
        {
            var fields = line.Split(' ');
            if (fields[0] == "+")
                active[fields[1]] = line;
            else
                active.Remove(fields[1]);
        }

        return string.Join('\n', active.Values);
    }

    private static JsonNode Link(ScratchNetNs ns, string name) => JsonNode.Parse(ns.Exec("ip", "-d", "-j", "link", "show", name))!.AsArray()[0]!;

    private static ScratchNetNs Scratch(string purpose)
    {
        Requires.Root();
        Requires.Tool("busybox");
        return new ScratchNetNs(purpose);
    }
}
