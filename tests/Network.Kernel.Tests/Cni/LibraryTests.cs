using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Cni;

/// <summary>The program as runtimes run it, by links named after its types, through every verb of every version; ip, tc and nft say what came of it.</summary>
public sealed class LibraryTests : IDisposable
{
    private readonly CniNode _node = new();
    private readonly LibraryDriver _runtime;

    public LibraryTests()
    {
        Requires.Tool("nft");
        var binaries = Path.Combine(_node.Data.FullName, "bin");
        Directory.CreateDirectory(binaries);
        // Beside the tests; a published one by hand: PODNET_CNI=artifacts/publish/Network.Cni/release_linux-x64/podnet-cni.
        var program = Environment.GetEnvironmentVariable("PODNET_CNI") ?? Path.Combine(AppContext.BaseDirectory, "podnet-cni");
        foreach (var name in (string[])["podnet-cni", "bridge", "ptp", "loopback", "host-local", "portmap", "bandwidth"])
            File.CreateSymbolicLink(Path.Combine(binaries, name), program);
        _runtime = new LibraryDriver(_node.Ns, binaries, Path.Combine(_node.Data.FullName, "results"));
    }

    public void Dispose() => _node.Dispose();

    public static TheoryData<string, string> Matrix => new(
        from version in (string[])["0.3.1", "0.4.0", "1.0.0", "1.1.0"]
        from kind in (string[])["one", "list", "ptp", "loopback"]
        select (version, kind));

    [Theory]
    [MemberData(nameof(Matrix))]
    public void Every_verb_of_every_version_does_what_the_kernel_shows(string version, string kind)
    {
        var (list, pod, other) = (ListOf(kind, version), _node.Space(), _node.Space());
        var before = Snapshot();
        if (version == "1.1.0")
            _runtime.Status(list);
        Assert.Equal(before, Snapshot());

        var result = _runtime.Add(list, "a", pod.Path, Wishes(8080), "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web");

        Assert.Equal(version, (string?)result["cniVersion"]);
        AssertShape(result, version);
        AssertPodIs(pod, result, kind);
        if (kind is "one" or "list")
            AssertTraffic("a", expected: true);
        if (version != "0.3.1")
            _runtime.Check(list, "a", pod.Path);
        _runtime.Add(list, "b", other.Path, Wishes(8081));
        if (version == "1.1.0")
        {
            _runtime.Status(list);
            _runtime.Collect(list, "b");
        }
        else
        {
            _runtime.Delete(list, "a", pod.Path);
        }

        Assert.Equal(["lo"], Links(pod));
        AssertTraffic("a", expected: false);
        AssertPodIs(other, null, kind);
        // The runtime lost the result, and the namespace is gone: the machine was started anew, or the kubelet's directory was emptied.
        Array.ForEach(Directory.GetFiles(Path.Combine(_node.Data.FullName, "results")), File.Delete);
        _runtime.Delete(list, "b", kind == "loopback" ? other.Path : null);
        _runtime.Delete(list, "b", null);
        Assert.Empty(Links(_node.Ns).Except(["lo", "br0"]));
        AssertTraffic("b", expected: false);
    }

    [Theory]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    public void Debians_bridge_calls_this_program_for_addresses(string version)
    {
        Assert.SkipUnless(File.Exists("/usr/lib/cni/bridge"), "needs containernetworking-plugins");
        File.Delete(Path.Combine(_node.Data.FullName, "bin", "bridge"));
        var pod = _node.Space();
        var list = JsonNode.Parse($$"""
            {"cniVersion":"{{version}}","name":"net","plugins":[{"type":"bridge","bridge":"br0","isGateway":true,
             "ipam":{"type":"host-local","dataDir":"{{_node.Data.FullName}}","ranges":[[{"subnet":"10.244.1.0/24"}],[{"subnet":"fd00:1::/64"}]],"routes":[{"dst":"0.0.0.0/0"}]} }]}
            """)!;

        var result = _runtime.Add(list, "a", pod.Path);

        Assert.Equal(["10.244.1.2/24", "fd00:1::2/64"], result["ips"]!.AsArray().Select(ip => (string)ip!["address"]!));
        Assert.Equal(["10.244.1.2", "fd00:1::2"], AddressesOf(pod));
        Assert.Contains("+ 10.244.1.2 a eth0", File.ReadAllText(Path.Combine(_node.Data.FullName, "net", "leases")));
        _runtime.Check(list, "a", pod.Path);
        _runtime.Delete(list, "a", pod.Path);
        Assert.Contains("- 10.244.1.2 a eth0", File.ReadAllText(Path.Combine(_node.Data.FullName, "net", "leases")));
    }

    [Fact]
    public void Highest_version_that_both_speak_is_used_and_offered_versions_are_answered()
    {
        var list = ListOf("one", "0.3.1");
        list["cniVersions"] = new JsonArray("0.4.0", "1.0.0", "1.1.0", "9.9.9");

        Assert.Equal("1.1.0", (string?)_runtime.Add(list, "a", _node.Space().Path)["cniVersion"]);
        var (exit, answer) = _runtime.Exec("podnet-cni", """{"cniVersion":"1.1.0"}""", new() { ["CNI_COMMAND"] = "VERSION" });
        Assert.Equal((0, "[\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]"), (exit, answer!["supportedVersions"]!.ToJsonString()));
    }

    private JsonNode ListOf(string kind, string version)
    {
        var data = $"\"dataDir\":\"{_node.Data.FullName}\"";
        var ipam = $"\"ipam\":{{\"type\":\"host-local\",{data},\"ranges\":[[{{\"subnet\":\"10.244.1.0/24\"}}],[{{\"subnet\":\"fd00:1::/64\"}}]]}}";
        const string ports = "\"portMappings\":true", limits = "\"bandwidth\":true";
        var plugins = kind switch
        {
            "one" => $"{{\"type\":\"podnet-cni\",\"bridge\":\"br0\",\"mtu\":1400,\"capabilities\":{{{ports},{limits}}},{ipam}}}",
            "list" => $"{{\"type\":\"bridge\",\"bridge\":\"br0\",\"mtu\":1400,\"isDefaultGateway\":true,{ipam}}},{{\"type\":\"portmap\",{data},\"capabilities\":{{{ports}}}}},{{\"type\":\"bandwidth\",\"capabilities\":{{{limits}}}}}",
            "ptp" => $"{{\"type\":\"ptp\",\"mtu\":1400,{ipam}}}",
            _ => "{\"type\":\"loopback\"}",
        };
        return JsonNode.Parse($"{{\"cniVersion\":\"{version}\",\"name\":\"net\",\"plugins\":[{plugins}]}}")!;
    }

    private static JsonObject Wishes(int port) => JsonNode.Parse($$"""
        {"portMappings":[{"hostPort":{{port}},"containerPort":80,"protocol":"udp"}],"bandwidth":{"ingressRate":8000000,"ingressBurst":800000,"egressRate":4000000,"egressBurst":800000} }
        """)!.AsObject();

    // Result types: CNI 1.1.0 section 5; what was new and what went in 1.0.0 and 1.1.0.
    private static void AssertShape(JsonNode result, string version)
    {
        foreach (var ip in result["ips"]!.AsArray())
        {
            Assert.Equal(version[0] == '0' ? ((string)ip!["address"]!).Contains(':') ? "6" : "4" : null, (string?)ip!["version"]);
            Assert.NotEqual("", (string?)result["interfaces"]![(int)ip["interface"]!]!["sandbox"]);
        }

        Assert.All(result["interfaces"]!.AsArray().Where(item => (string?)item!["sandbox"] is not null), item => Assert.Equal(version == "1.1.0", item!["mtu"] is not null));
    }

    private static void AssertPodIs(ScratchNetNs pod, JsonNode? result, string kind)
    {
        if (kind == "loopback")
        {
            Assert.Contains("127.0.0.1", JsonNode.Parse(pod.Exec("ip", "-j", "address", "show", "dev", "lo", "up"))!.ToJsonString());
            return;
        }

        var link = JsonNode.Parse(pod.Exec("ip", "-j", "link", "show", "dev", "eth0"))![0]!;
        Assert.Equal((1400, "UP"), ((int)link["mtu"]!, (string?)link["operstate"]));
        var routes = JsonNode.Parse(pod.Exec("ip", "-j", "route", "show", "default"))![0]!;
        Assert.Equal("10.244.1.1", (string?)routes["gateway"]);
        if (result is null)
            return;
        Assert.Equal((string?)result["interfaces"]!.AsArray().Single(item => (string?)item!["name"] == "eth0")!["mac"], (string?)link["address"]);
        Assert.Equal(result["ips"]!.AsArray().Select(ip => ((string)ip!["address"]!).Split('/')[0]), AddressesOf(pod));
        pod.Exec("busybox", "ping", "-c1", "-W5", "10.244.1.1");
    }

    private void AssertTraffic(string container, bool expected)
    {
        Assert.Equal(expected, _node.Ns.Exec("nft", "-j", "list", "ruleset").Contains($"net {container} eth0", StringComparison.Ordinal));
        if (expected)
            Assert.Equal(2, JsonNode.Parse(_node.Ns.Exec("tc", "-j", "qdisc", "show"))!.AsArray().Count(queue => (string?)queue!["kind"] == "tbf"));
    }

    private static IEnumerable<string> AddressesOf(ScratchNetNs pod) => JsonNode.Parse(pod.Exec("ip", "-j", "address", "show", "dev", "eth0", "scope", "global"))![0]!["addr_info"]!
        .AsArray().Select(address => (string?)address!["local"]).OfType<string>();

    private static IEnumerable<string> Links(ScratchNetNs space) => JsonNode.Parse(space.Exec("ip", "-j", "link"))!.AsArray().Select(link => (string)link!["ifname"]!);

    private string Snapshot() => _node.Ns.Exec("ip", "-j", "address") + _node.Ns.Exec("ip", "-j", "route") + _node.Ns.Exec("nft", "-j", "list", "ruleset");
}
