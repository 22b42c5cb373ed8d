using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Cni;
using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Cni.Types;
using Xunit;

namespace Network.Overlay.Tests.Cni;

/// <summary>The protocol at its door: nothing here reaches the kernel.</summary>
public sealed class PluginTests
{
    private const string Config = """
        {"cniVersion":"1.0.0","name":"podnet","type":"podnet-cni","bridge":"w1-br","mtu":1450,"ipam":{"subnet":"10.244.1.0/24"}}
        """;

    private static readonly CniEnvironment s_add = new() { Command = "ADD", ContainerId = "c1", IfName = "eth0", NetNs = "/run/netns/none", Path = "/opt/cni/bin" };

    [Theory]
    [InlineData("""{"cniVersion":"0.4.0"}""", "0.4.0")]
    [InlineData("""{"cniVersion":"1.1.0","name":"x"}""", "1.1.0")]
    [InlineData("", "1.1.0")]
    public void VERSION_answers_in_the_version_asked_for(string input, string version)
    {
        var (code, json) = Run(new CniEnvironment { Command = "VERSION" }, input);

        Assert.Equal(0, code);
        Assert.Equal($$"""{"cniVersion":"{{version}}","supportedVersions":["0.3.1","0.4.0","1.0.0","1.1.0"]}""", json!.ToJsonString());
    }

    public static TheoryData<string, int, string> BadInput => new()
    {
        { "{", CniError.Decode, "JSON" },
        { "", CniError.Decode, "JSON" },
        { "[]", CniError.Decode, "object" },
        { """{"name":"podnet"}""", CniError.IncompatibleVersion, "0.1.0" },
        { """{"cniVersion":"2.0.0","name":"podnet"}""", CniError.IncompatibleVersion, "2.0.0" },
        { """{"cniVersion":5,"name":"podnet"}""", CniError.InvalidConfig, "cniVersion" },
        { """{"cniVersion":"1.0.0","name":"-bad","bridge":"b","ipam":{"subnet":"10.0.0.0/24"}}""", CniError.InvalidConfig, "name" },
        { """{"cniVersion":"1.0.0","name":"n","ipam":{"subnet":"10.0.0.0/24"}}""", CniError.InvalidConfig, "bridge" },
        { """{"cniVersion":"1.0.0","name":"n","bridge":"a/b","ipam":{"subnet":"10.0.0.0/24"}}""", CniError.InvalidConfig, "bridge" },
        { Ipam("{}"), CniError.InvalidConfig, "ipam.subnet" },
        { Ipam("[]"), CniError.InvalidConfig, "ipam" },
        { Ipam("""{"subnet":"10.0.0.1/24"}"""), CniError.InvalidConfig, "ipam.subnet" },
        { Ipam("""{"subnet":"10.0.0.0/31"}"""), CniError.InvalidConfig, "ipam.subnet" },
        { Ipam("""{"subnet":"fd00::/127"}"""), CniError.InvalidConfig, "ipam.subnet" },
        { Ipam("""{"subnet":"10.1/16"}"""), CniError.InvalidConfig, "ipam.subnet" },
        { Ipam("""{"subnet":"10.0.0.0/24","rangeStart":"10.0.1.5"}"""), CniError.InvalidConfig, "ipam.rangeStart" },
        { Ipam("""{"subnet":"10.0.0.0/24","rangeStart":"10.0.0.9","rangeEnd":"10.0.0.5"}"""), CniError.InvalidConfig, "ipam.rangeEnd" },
        { Ipam("""{"subnet":"10.0.0.0/24","rangeEnd":"10.0.0.255"}"""), CniError.InvalidConfig, "broadcast" },
        { Ipam("""{"subnet":"10.0.0.0/24","gateway":"fd00::1"}"""), CniError.InvalidConfig, "ipam.gateway" },
        { Ipam("""{"subnet":"10.0.0.0/24","exclude":["10.0.0.0/x"]}"""), CniError.InvalidConfig, "ipam.exclude" },
        { Ipam("""{"subnet":"10.0.0.0/24","dataDir":"relative"}"""), CniError.InvalidConfig, "ipam.dataDir" },
        { Ipam("""{"subnet":"10.0.0.0/24","routes":[{"dst":"default"}]}"""), CniError.InvalidConfig, "ipam.routes[0].dst" },
        { Ipam("""{"ranges":[[]]}"""), CniError.InvalidConfig, "ipam.ranges[0]" },
        { Ipam("""{"ranges":[{"subnet":"10.0.0.0/24"}]}"""), CniError.InvalidConfig, "ipam.ranges[0]" },
        { Ipam("""{"ranges":[[{"subnet":"10.0.0.0/24"},{"subnet":"fd00::/64"}]]}"""), CniError.InvalidConfig, "mixes" },
        { Ipam("""{"ranges":[[{"subnet":"10.0.0.0/24"}],[{"subnet":"10.0.0.0/25"}]]}"""), CniError.InvalidConfig, "overlap" },
        { Ipam("""{"type":"not-installed","subnet":"10.0.0.0/24"}"""), CniError.InvalidNetNs, "/run/netns/none" },
        { Full("\"mtu\":70000"), CniError.InvalidConfig, "mtu" },
        { Full("\"mtu\":100"), CniError.InvalidConfig, "mtu" },
        { Full("\"mtu\":\"1500\""), CniError.InvalidConfig, "mtu" },
        { Full("\"hairpinMode\":\"yes\""), CniError.InvalidConfig, "hairpinMode" },
        { Full("\"vlan\":7"), CniError.UnsupportedField, "vlan" },
        { Full("\"type\":\"macvlan\""), CniError.InvalidConfig, "type" },
        { Full("\"prevResult\":[]"), CniError.InvalidConfig, "prevResult" },
        { Full("\"prevResult\":{\"cniVersion\":\"9.0.0\"}"), CniError.IncompatibleVersion, "prevResult" },
        { Full("\"runtimeConfig\":7"), CniError.InvalidConfig, "runtimeConfig" },
        { Full("\"runtimeConfig\":{\"ips\":[\"10.9.9.9\"]}"), CniError.InvalidConfig, "10.9.9.9" },
        { Full("\"runtimeConfig\":{\"ips\":[\"10.0.0.1\"]}"), CniError.InvalidConfig, "gateway" },
        { Full("\"runtimeConfig\":{\"ips\":[\"10.0.0.5\",\"10.0.0.6\"]}"), CniError.InvalidConfig, "two" },
        { Full("\"runtimeConfig\":{\"mac\":\"01:00:00:00:00:01\"}"), CniError.InvalidConfig, "runtimeConfig.mac" },
        { Full("\"args\":{\"cni\":{\"mac\":\"x\"}}"), CniError.InvalidConfig, "args.cni.mac" },
        { Full("\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":70000}]}"), CniError.InvalidConfig, "runtimeConfig.portMappings[0].hostPort" },
        { Full("\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":80}]}"), CniError.InvalidConfig, "containerPort" },
        { Full("\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":80,\"containerPort\":80,\"protocol\":\"icmp\"}]}"), CniError.InvalidConfig, "protocol" },
        { Full("\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":80,\"containerPort\":80,\"hostIP\":\"me\"}]}"), CniError.InvalidConfig, "hostIP" },
        { Full("\"runtimeConfig\":{\"bandwidth\":{\"ingressRate\":1000}}"), CniError.InvalidConfig, "ingressBurst" },
        { Full("\"runtimeConfig\":{\"bandwidth\":{\"egressRate\":-1}}"), CniError.InvalidConfig, "egressRate" },
        { Full("\"backend\":\"firewalld\""), CniError.InvalidConfig, "backend" },
        { Full("\"conditionsV4\":[\"x\"]"), CniError.UnsupportedField, "conditionsV4" },
        { """{"cniVersion":"1.0.0","name":"n","type":"portmap"}""", CniError.InvalidConfig, "prevResult" },
        { """{"cniVersion":"1.0.0","name":"n","type":"bandwidth"}""", CniError.InvalidConfig, "prevResult" },
    };

    [Theory]
    [MemberData(nameof(BadInput))]
    public void Bad_configuration_is_refused_by_code_and_field(string config, int code, string named)
    {
        var (exit, json) = Run(s_add, config);

        Assert.Equal((1, code), (exit, (int)json!["code"]!));
        Assert.Contains(named, (string?)json["msg"]);
    }

    [Theory]
    [InlineData("CHECK", "0.3.1", CniError.IncompatibleVersion)]
    [InlineData("GC", "1.0.0", CniError.IncompatibleVersion)]
    [InlineData("STATUS", "1.0.0", CniError.IncompatibleVersion)]
    [InlineData("CHECK", "1.0.0", CniError.InvalidConfig)]
    [InlineData("GC", "1.1.0", CniError.InvalidConfig)]
    [InlineData("MOVE", "1.1.0", CniError.BadEnvironment)]
    public void Command_is_refused_in_versions_without_it_or_without_what_it_needs(string command, string version, int code)
    {
        var (exit, json) = Run(s_add with { Command = command }, Config.Replace("1.0.0", version));

        Assert.Equal((1, code), (exit, (int)json!["code"]!));
        Assert.Equal(version, (string?)json["cniVersion"]);
    }

    [Theory]
    [InlineData("bridge", "x", null, "VethType")]
    [InlineData("podnet-cni", "podnet-cni", null, "VethType")]
    [InlineData("podnet-cni", "podnet-portmap", null, "PortmapType")]
    [InlineData("podnet-bandwidth", "podnet-cni", null, "BandwidthType")]
    [InlineData("host-local", "bridge", "host-local", "HostLocalType")]
    [InlineData("podnet-cni", "bridge", "podnet-cni", "HostLocalType")]
    [InlineData("podnet-cni", "loopback", null, "LoopbackType")]
    public void Type_follows_from_the_programs_name_before_the_configuration(string program, string type, string? ipam, string expected)
    {
        var ofIpam = ipam is null ? "" : $",\"type\":\"{ipam}\"";
        var config = NetworkConfig.Parse(Encoding.UTF8.GetBytes(
            $$$"""{"cniVersion":"1.0.0","name":"n","type":"{{{type}}}","bridge":"b","ipam":{"subnet":"10.0.0.0/24"{{{ofIpam}}}}}"""));

        Assert.Equal(expected, TypeTable.Of(new Invocation(new CniEnvironment { Program = program }, config)).GetType().Name);
    }

    [Fact]
    public void Bad_environment_is_refused_by_variable()
    {
        AssertBad(s_add with { NetNs = null }, "CNI_NETNS");
        AssertBad(s_add with { ContainerId = null }, "CNI_CONTAINERID");
        AssertBad(s_add with { ContainerId = "../x" }, "CNI_CONTAINERID");
        AssertBad(s_add with { IfName = "a/b" }, "CNI_IFNAME");
        AssertBad(s_add with { IfName = ".." }, "CNI_IFNAME");
        AssertBad(s_add with { IfName = "sixteen-letters-" }, "CNI_IFNAME");
        AssertBad(s_add with { IfName = "a\u00a0b" }, "CNI_IFNAME");
        AssertBad(s_add with { Args = "IP" }, "CNI_ARGS");
        AssertBad(s_add with { Args = "=x" }, "CNI_ARGS");
        AssertBad(s_add with { Args = "IP=10.9.9.9" }, "CNI_ARGS IP");
        AssertBad(s_add with { Args = "IP=nonsense" }, "CNI_ARGS IP");
        AssertBad(s_add with { Args = "MAC=nonsense" }, "CNI_ARGS MAC");
        AssertBad(s_add with { Command = "MOVE" }, "CNI_COMMAND");
        AssertBad(s_add with { Command = "GC", Path = null }, "CNI_PATH", "1.1.0");
        AssertBad(s_add with { Command = "STATUS", Path = null }, "CNI_PATH", "1.1.0");
    }

    [Fact]
    public void Error_answers_in_the_version_of_the_request()
    {
        var (_, json) = Run(s_add with { NetNs = null }, Config.Replace("1.0.0", "0.4.0"));

        Assert.Equal("0.4.0", (string?)json!["cniVersion"]);
    }

    [Fact]
    public void Missing_namespace_is_its_own_error()
    {
        var (exit, json) = Run(s_add, Config);

        Assert.Equal((1, CniError.InvalidNetNs), (exit, (int)json!["code"]!));
    }

    [Theory]
    [InlineData("0.3.1", true, false)]
    [InlineData("0.4.0", true, false)]
    [InlineData("1.0.0", false, false)]
    [InlineData("1.1.0", false, true)]
    public void Result_has_the_shape_of_its_version(string version, bool family, bool metrics)
    {
        var attachment = new Attachment("c1", "eth0", "/run/netns/p", "a/b/eth0");
        Assert.True(Ip.TryParse("10.244.1.5", out var v4) & Ip.TryParse("10.244.1.1", out var gateway) & Ip.TryParse("fd00::5", out var v6));
        Assert.True(Subnet.TryParse("0.0.0.0/0", out var everywhere));
        var result = new AttachResult
        {
            Interfaces = [new ResultInterface("w1-br", gateway.Mac.ToString(), 1450, null), new ResultInterface("eth0", v4.Mac.ToString(), 1450, attachment.NetNs)],
            AddressInterface = 1,
            Addresses = [new GrantedAddress(v4, 24, gateway), new GrantedAddress(v6, 64, null)],
            Routes = [new RouteEntry(everywhere, gateway) { Mtu = 1400, Priority = 7 }],
            Dns = JsonDocument.Parse("""{"nameservers":["10.96.0.10"]}""").RootElement,
        };
        var previous = new ConfigObject(JsonDocument.Parse("""{"interfaces":[{"name":"first","mac":""}],"ips":[],"routes":[]}""").RootElement);

        var json = JsonNode.Parse(ResultJson.Write(result, version, previous).Span)!;

        var size = metrics ? ",\"mtu\":1450" : "";
        var v4Family = family ? "\"version\":\"4\"," : "";
        var v6Family = family ? "\"version\":\"6\"," : "";
        var route = metrics ? ",\"mtu\":1400,\"priority\":7" : "";
        Assert.Equal(
            $$$"""
            {"cniVersion":"{{{version}}}","interfaces":[{"name":"first","mac":""},{"name":"w1-br","mac":"0a:58:0a:f4:01:01"{{{size}}}},{"name":"eth0","mac":"0a:58:0a:f4:01:05"{{{size}}},"sandbox":"/run/netns/p"}],"ips":[{ {{{v4Family}}}"interface":2,"address":"10.244.1.5/24","gateway":"10.244.1.1"},{ {{{v6Family}}}"interface":2,"address":"fd00::5/64"}],"routes":[{"dst":"0.0.0.0/0","gw":"10.244.1.1"{{{route}}} }],"dns":{"nameservers":["10.96.0.10"]}}
            """.Replace("{ ", "{").Replace(" }", "}"),
            json.ToJsonString());
    }

    [Fact]
    public void Host_device_name_is_short_stable_and_differs_by_container_and_interface()
    {
        var names = Enumerable.Range(0, 5000).SelectMany(i => new[] { Attachment.HostNameOf($"c{i}", "eth0"), Attachment.HostNameOf($"c{i}", "eth1") }).ToList();

        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.All(names, name => Assert.InRange(name.Length, 11, 15));
        Assert.Equal(Attachment.HostNameOf("c1", "eth0"), Attachment.HostNameOf("c1", "eth0"));
    }

    [Theory]
    [InlineData("{\"PortMappings\":[{\"HostPort\":8080,\"ContainerPort\":80,\"Protocol\":\"tcp\",\"HostIP\":\"\"}],\"bandwidth\":{\"IngressRate\":8000000,\"IngressBurst\":4294967295}}")]
    [InlineData("{\"portMappings\":[{\"hostPort\":8080,\"containerPort\":80}],\"bandwidth\":{\"ingressRate\":8000000,\"ingressBurst\":4294967295}}")]
    public void Capabilities_are_read_as_containerd_writes_them_and_as_the_conventions_do(string capabilities)
    {
        var config = NetworkConfig.Parse(Encoding.UTF8.GetBytes($"{{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"runtimeConfig\":{capabilities}}}"));

        Assert.Equal(("tcp", 8080, 80), Network.Cni.Types.Portmap.PortMapping.ParseAll(config) is [var mapping] ? (mapping.Protocol, mapping.HostPort, mapping.ContainerPort) : default);
        Assert.Equal(1_000_000UL, Network.Cni.Types.Bandwidth.Limits.Parse(config).Ingress?.Rate);
    }

    [Fact]
    public void Damaged_configuration_never_throws()
    {
        var random = new Random(7);
        var bytes = Encoding.UTF8.GetBytes(Config);
        var refused = 0;
        for (var round = 0; round < 3000; round++)
        {
            var damaged = bytes.AsSpan(0, random.Next(bytes.Length + 1)).ToArray();
            for (var hits = random.Next(3); hits > 0 && damaged.Length > 0; hits--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            var (exit, json) = Run(s_add, damaged);
            Assert.Equal(1, exit);
            Assert.NotNull(json!["code"]);
            refused++;
        }

        Assert.Equal(3000, refused);
    }

    private static string Ipam(string ipam) => $$"""{"cniVersion":"1.0.0","name":"n","bridge":"b","ipam":{{ipam}} }""";

    private static string Full(string field) => $$"""{"cniVersion":"1.0.0","name":"n","bridge":"b",{{field}},"ipam":{"subnet":"10.0.0.0/24"} }""";

    private static void AssertBad(CniEnvironment environment, string variable, string version = "1.0.0")
    {
        var (exit, json) = Run(environment, Config.Replace("1.0.0", version));
        Assert.Equal((1, CniError.BadEnvironment), (exit, (int)json!["code"]!));
        Assert.Contains(variable, (string?)json["msg"]);
    }

    private static (int Exit, JsonNode? Json) Run(CniEnvironment environment, string input) => Run(environment, Encoding.UTF8.GetBytes(input));

    private static (int Exit, JsonNode? Json) Run(CniEnvironment environment, byte[] input)
    {
        var reply = Plugin.Run(environment, input);
        return (reply.ExitCode, reply.Output.IsEmpty ? null : JsonNode.Parse(reply.Output.Span));
    }
}
