using System.Text;
using System.Text.Json.Nodes;
using Network.Cni;
using Network.Cni.Protocol;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Cni;

/// <summary>
/// Whatever is wrong with what a runtime says: the code is the specification's, and a node with a pod on it is afterwards what
/// it was, as ip, tc and nft show it, to the last byte of what the plugin remembers.
/// </summary>
public sealed class CniRefusalTests : IDisposable
{
    private const string Fine = "\"type\":\"podnet-cni\",\"bridge\":\"br0\",\"ipam\":{\"subnet\":\"10.244.1.0/24\",\"dataDir\":\"DATA\"}";
    private static readonly string[] s_commands = ["CHECK", "DEL", "STATUS", "GC"];
    private readonly CniNode _node = new();

    public CniRefusalTests()
    {
        Requires.Tool("nft");
        // A pod with everything a pod can have, which none of the refusals may touch.
        _node.Ok("ADD", "resident", _node.Space().Path, With(Fine.Replace("DATA", _node.Data.FullName, StringComparison.Ordinal), """
            "runtimeConfig":{"portMappings":[{"hostPort":8080,"containerPort":80}],"bandwidth":{"ingressRate":8000000,"ingressBurst":800000,"egressRate":8000000,"egressBurst":800000} }
            """));
        // The bridge's own link-local address settles by itself a second later.
        Assert.True(SpinWait.SpinUntil(() => _node.Ns.Exec("ip", "-6", "address", "show", "tentative").Length == 0 && _node.Ns.Exec("ip", "-6", "address", "show", "dev", "br0").Contains("fe80", StringComparison.Ordinal), 30_000), _node.Ns.Exec("ip", "address"));
    }

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Bad_input_has_its_code_and_touches_nothing()
    {
        var pod = _node.Space();
        var before = (Snapshot(_node.Ns), Snapshot(pod), Files());
        foreach (var few in Inputs().Select(row => (Input: row.Input.Replace("DATA", _node.Data.FullName, StringComparison.Ordinal), row.Code)).Chunk(10))
        {
            foreach (var (input, code) in few)
            {
                var (exit, error) = Run(Usual(pod), input);
                Assert.True((exit, (int?)error?["code"]) == (1, code), $"{input}: {error?.ToJsonString()}");
                Assert.False(string.IsNullOrWhiteSpace((string?)error!["msg"]));
                foreach (var command in s_commands)
                    Run(Usual(pod) with { Command = command, ContainerId = "nobody" }, input);
            }

            Assert.True(before == (Snapshot(_node.Ns), Snapshot(pod), Files()), string.Join('\n', few));
        }
    }

    [Fact]
    public void Bad_environment_has_its_code_and_touches_nothing()
    {
        var pod = _node.Space();
        var before = (Snapshot(_node.Ns), Snapshot(pod));
        File.WriteAllText(Path.Combine(_node.Data.FullName, "no-namespace"), "");
        var files = Files();
        foreach (var (environment, code) in Environments(Usual(pod)))
        {
            var (exit, error) = Run(environment, Config("1.1.0", Fine.Replace("DATA", _node.Data.FullName, StringComparison.Ordinal)));
            Assert.True((exit, (int?)error?["code"]) == (1, code), $"{environment.Command} {environment.ContainerId} {environment.IfName} {environment.NetNs} {environment.Args}: {error?.ToJsonString()}");
            Assert.Equal(files, Files());
        }

        Assert.Equal((before.Item1, before.Item2), (Snapshot(_node.Ns), Snapshot(pod)));
    }

    [Fact]
    public void Any_cut_of_a_good_configuration_is_refused_and_touches_nothing()
    {
        var pod = _node.Space();
        var before = (Snapshot(_node.Ns), Snapshot(pod), Files());
        var whole = Config("1.0.0", Fine).TrimEnd();
        for (var length = 0; length < whole.Length; length++)
        {
            var (exit, error) = Run(Usual(pod), whole[..length]);
            Assert.Equal((1, CniError.Decode), (exit, (int?)error?["code"]));
        }

        Assert.Equal(before, (Snapshot(_node.Ns), Snapshot(pod), Files()));
    }

    private static IEnumerable<(string Input, int Code)> Inputs()
    {
        foreach (var text in (string[])["", " ", "{", "null", "[]", "7", "\"text\"", "{\"cniVersion\":\"1.0.0\",}", "{\"cniVersion\":\"1.0.0\",\"name\":\"\\ud800\"}"])
            yield return (text, CniError.Decode);
        foreach (var version in (string[])["0.1.0", "0.2.0", "2.0.0", "1.0", "latest", ""])
            yield return (Config(version, Fine), CniError.IncompatibleVersion);
        yield return ($"{{\"name\":\"net\",{Fine}}}".Replace("1.0.0", "", StringComparison.Ordinal), CniError.IncompatibleVersion);
        foreach (var name in (string[])["", "-net", "a/b", "a b", "../net", "n\u00e4t"])
            yield return (Config("1.0.0", Fine).Replace("\"net\"", $"\"{name}\"", StringComparison.Ordinal), CniError.InvalidConfig);
        foreach (var field in Fields())
            yield return (Config("1.0.0", With(Fine, field)), CniError.InvalidConfig);
        foreach (var ipam in Ipams())
            yield return (Config("1.0.0", $"\"type\":\"podnet-cni\",\"bridge\":\"br0\",\"ipam\":{ipam}"), CniError.InvalidConfig);
        foreach (var field in (string[])["\"vlan\":7", "\"vlanTrunk\":[{\"id\":7}]", "\"disableContainerInterface\":true", "\"conditionsV4\":[\"-d\"]", "\"conditionsV6\":[]"])
            yield return (Config("1.0.0", With(Fine, field)), CniError.UnsupportedField);
        foreach (var type in (string[])["macvlan", "dhcp", "", "/bin/sh", "../bridge"])
            yield return (Config("1.0.0", Fine.Replace("podnet-cni", type, StringComparison.Ordinal)), CniError.InvalidConfig);
        foreach (var bridge in (string[])["", ".", "..", "a/b", "a b", "a:b", "sixteen-letters-", "lo"])
            yield return (Config("1.0.0", Fine.Replace("br0", bridge, StringComparison.Ordinal)), CniError.InvalidConfig);
        foreach (var chained in (string[])["\"type\":\"portmap\"", "\"type\":\"bandwidth\"", "\"type\":\"bandwidth\",\"ingressRate\":1000,\"prevResult\":{}", "\"type\":\"portmap\",\"prevResult\":{\"ips\":[{\"address\":\"x\"}]}"])
            yield return (Config("1.0.0", chained), CniError.InvalidConfig);
        yield return (Config("1.0.0", With(Fine, "\"prevResult\":{\"cniVersion\":\"9.0.0\"}")), CniError.IncompatibleVersion);
        yield return (Config("1.0.0", With(Fine, "\"runtimeConfig\":{\"ips\":[\"10.244.1.2\"]}")), CniError.AddressTaken);
    }

    private static string[] Fields() =>
    [
        "\"mtu\":70000", "\"mtu\":100", "\"mtu\":-1", "\"mtu\":\"1500\"", "\"mtu\":1.5", "\"hairpinMode\":\"yes\"", "\"isGateway\":1", "\"promiscMode\":true,\"hairpinMode\":true",
        "\"ipMasq\":{}", "\"backend\":\"firewalld\"", "\"backend\":7", "\"mode\":7", "\"prevResult\":[]", "\"runtimeConfig\":7", "\"args\":[]", "\"args\":{\"cni\":7}",
        "\"mac\":\"x\"", "\"runtimeConfig\":{\"mac\":\"01:00:00:00:00:01\"}", "\"runtimeConfig\":{\"mac\":\"00:00:00:00:00:00\"}", "\"args\":{\"cni\":{\"mac\":\"0a:58\"}}",
        "\"runtimeConfig\":{\"ips\":\"10.244.1.5\"}", "\"runtimeConfig\":{\"ips\":[\"10.9.9.9\"]}", "\"runtimeConfig\":{\"ips\":[\"10.244.1.1\"]}", "\"runtimeConfig\":{\"ips\":[\"10.244.1.255\"]}",
        "\"runtimeConfig\":{\"ips\":[\"10.244.1.5\",\"10.244.1.6\"]}", "\"args\":{\"cni\":{\"ips\":[\"nonsense\"]}}", "\"runtimeConfig\":{\"ipRanges\":[[{\"subnet\":\"10.244.1.0/25\"}]]}",
        "\"runtimeConfig\":{\"ipRanges\":[{\"subnet\":\"10.7.0.0/24\"}]}", "\"runtimeConfig\":{\"portMappings\":{}}", "\"runtimeConfig\":{\"portMappings\":[7]}",
        "\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":70000,\"containerPort\":80}]}", "\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":80}]}", "\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":-1,\"containerPort\":80}]}",
        "\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":80,\"containerPort\":80,\"protocol\":\"icmp\"}]}", "\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":80,\"containerPort\":80,\"hostIP\":\"me\"}]}",
        "\"runtimeConfig\":{\"bandwidth\":[]}", "\"runtimeConfig\":{\"bandwidth\":{\"ingressRate\":1000}}", "\"runtimeConfig\":{\"bandwidth\":{\"egressBurst\":1000}}", "\"runtimeConfig\":{\"bandwidth\":{\"egressRate\":-1}}",
        "\"runtimeConfig\":{\"bandwidth\":{\"egressRate\":7,\"egressBurst\":1000}}", "\"runtimeConfig\":{\"bandwidth\":{\"egressRate\":1000,\"egressBurst\":99999999999999}}",
    ];

    private static string[] Ipams() =>
    [
        "{}", "[]", "7", "{\"dataDir\":\"DATA\"}", "{\"subnet\":7}", "{\"subnet\":\"10.244.1.1/24\"}", "{\"subnet\":\"10.244.1.0/31\"}", "{\"subnet\":\"10.244.1.0/33\"}", "{\"subnet\":\"0.0.0.0/0\"}",
        "{\"subnet\":\"fd00::/127\"}", "{\"subnet\":\"fd00::%lo/64\"}", "{\"subnet\":\"10.1/16\"}", "{\"subnet\":\"::ffff:10.0.0.0/120\"}",
        "{\"subnet\":\"10.0.0.0/24\",\"rangeStart\":\"10.0.1.5\"}", "{\"subnet\":\"10.0.0.0/24\",\"rangeStart\":\"10.0.0.0\"}", "{\"subnet\":\"10.0.0.0/24\",\"rangeStart\":\"10.0.0.9\",\"rangeEnd\":\"10.0.0.5\"}",
        "{\"subnet\":\"10.0.0.0/24\",\"rangeEnd\":\"10.0.0.255\"}", "{\"subnet\":\"10.0.0.0/24\",\"gateway\":\"fd00::1\"}", "{\"subnet\":\"10.0.0.0/24\",\"gateway\":\"x\"}", "{\"subnet\":\"10.0.0.0/24\",\"exclude\":[\"10.0.0.0/x\"]}",
        "{\"subnet\":\"10.0.0.0/24\",\"exclude\":\"10.0.0.5\"}", "{\"subnet\":\"10.0.0.0/24\",\"dataDir\":\"relative\"}", "{\"subnet\":\"10.0.0.0/24\",\"dataDir\":7}", "{\"subnet\":\"10.0.0.0/24\",\"resolvConf\":\"/not/there\"}",
        "{\"subnet\":\"10.0.0.0/24\",\"routes\":[{\"dst\":\"default\"}]}", "{\"subnet\":\"10.0.0.0/24\",\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"fd00::1\"}]}", "{\"subnet\":\"10.0.0.0/24\",\"routes\":[{}]}",
        "{\"ranges\":[]}", "{\"ranges\":[[]]}", "{\"ranges\":[{\"subnet\":\"10.0.0.0/24\"}]}", "{\"ranges\":[[{\"subnet\":\"10.0.0.0/24\"},{\"subnet\":\"fd00::/64\"}]]}", "{\"ranges\":[[{\"subnet\":\"10.0.0.0/24\"}],[{\"subnet\":\"10.0.0.0/25\"}]]}",
        "{\"type\":\"not-installed\",\"subnet\":\"10.0.0.0/24\"}", "{\"type\":7}",
    ];

    private IEnumerable<(CniEnvironment Environment, int Code)> Environments(CniEnvironment usual)
    {
        foreach (var id in (string?[])[null, "", "-a", "../x", "a/b", "a b", "a\n"])
            yield return (usual with { ContainerId = id }, CniError.BadEnvironment);
        foreach (var name in (string?[])[null, "", ".", "..", "a/b", "a:b", "a b", "sixteen-letters-"])
            yield return (usual with { IfName = name }, CniError.BadEnvironment);
        yield return (usual with { NetNs = null }, CniError.BadEnvironment);
        yield return (usual with { NetNs = "/run/netns/not-there" }, CniError.InvalidNetNs);
        yield return (usual with { NetNs = Path.Combine(_node.Data.FullName, "no-namespace") }, CniError.InvalidNetNs);
        yield return (usual with { NetNs = _node.Data.FullName }, CniError.InvalidNetNs);
        yield return (usual with { NetNs = _node.Ns.Path }, CniError.InvalidNetNs);
        foreach (var arguments in (string[])["IP", "=x", "A=b;;=", "IP=nonsense", "IP=10.9.9.9", "IP=10.244.1.1", "MAC=nonsense", "MAC=01:00:00:00:00:01"])
            yield return (usual with { Args = arguments }, CniError.BadEnvironment);
        yield return (usual with { Command = "MOVE" }, CniError.BadEnvironment);
        yield return (usual with { Command = "add" }, CniError.BadEnvironment);
        yield return (usual with { Command = "GC", Path = null }, CniError.BadEnvironment);
        yield return (usual with { Command = "STATUS", Path = null }, CniError.BadEnvironment);
        yield return (usual with { Command = "GC" }, CniError.InvalidConfig);
        yield return (usual with { Command = "CHECK" }, CniError.InvalidConfig);
    }

    private static CniEnvironment Usual(ScratchNetNs pod) => new() { Command = "ADD", ContainerId = "new", IfName = "eth0", NetNs = pod.Path, Path = "/usr/lib/cni" };

    private static string Config(string version, string fields) => $"{{\"cniVersion\":\"{version}\",\"name\":\"net\",{fields}}}";

    private static string With(string fields, string more) => $"{fields},{more}";

    private (int Exit, JsonNode? Json) Run(CniEnvironment environment, string input)
    {
        var reply = _node.Ns.Run(() => Plugin.Run(environment, Encoding.UTF8.GetBytes(input)));
        return (reply.ExitCode, reply.Output.IsEmpty ? null : JsonNode.Parse(reply.Output.Span));
    }

    private static string Snapshot(ScratchNetNs space) => string.Join('\n',
        space.Exec("ip", "-j", "link"), space.Exec("ip", "-j", "address"), space.Exec("ip", "-j", "route", "show", "table", "all"), space.Exec("ip", "-j", "-6", "route", "show", "table", "all"),
        space.Exec("tc", "-j", "qdisc", "show"), space.Exec("nft", "-j", "list", "ruleset"));

    private string Files() => string.Join('\n', _node.Data.EnumerateFiles("*", SearchOption.AllDirectories).OrderBy(file => file.FullName, StringComparer.Ordinal)
        .Select(file => $"{file.FullName} {Convert.ToHexString(File.ReadAllBytes(file.FullName))}"));
}
