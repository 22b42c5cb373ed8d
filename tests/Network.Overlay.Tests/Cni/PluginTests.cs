using System.Text;
using System.Text.Json.Nodes;
using Network.Cni;
using Network.Cni.Protocol;
using Xunit;

namespace Network.Overlay.Tests.Cni;

/// <summary>The protocol at its door: nothing here reaches the kernel.</summary>
public sealed class PluginTests
{
    private const string Config = """
        {"cniVersion":"1.0.0","name":"podnet","type":"podnet-cni","bridge":"w1-br","mtu":1450,"ipam":{"subnet":"10.244.1.0/24"}}
        """;

    private static readonly CniEnvironment s_add = new() { Command = "ADD", ContainerId = "c1", IfName = "eth0", NetNs = "/run/netns/none" };

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

    [Theory]
    [InlineData("{", CniError.Decode, "JSON")]
    [InlineData("[]", CniError.Decode, "object")]
    [InlineData("""{"name":"podnet"}""", CniError.IncompatibleVersion, "0.1.0")]
    [InlineData("""{"cniVersion":"2.0.0","name":"podnet"}""", CniError.IncompatibleVersion, "2.0.0")]
    [InlineData("""{"cniVersion":"1.0.0","name":"-bad","bridge":"b","ipam":{"subnet":"10.0.0.0/24"}}""", CniError.InvalidConfig, "name")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","ipam":{"subnet":"10.0.0.0/24"}}""", CniError.InvalidConfig, "bridge")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","bridge":"b","ipam":{}}""", CniError.InvalidConfig, "ipam.subnet")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","bridge":"b","ipam":{"subnet":"10.0.0.1/24"}}""", CniError.InvalidConfig, "ipam.subnet")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","bridge":"b","ipam":{"subnet":"10.0.0.0/31"}}""", CniError.InvalidConfig, "ipam.subnet")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","bridge":"b","ipam":{"subnet":"fd00::/64"}}""", CniError.InvalidConfig, "IPv4")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","bridge":"b","mtu":70000,"ipam":{"subnet":"10.0.0.0/24"}}""", CniError.InvalidConfig, "mtu")]
    public void Bad_configuration_is_refused_by_code_and_field(string config, int code, string named)
    {
        var (exit, json) = Run(s_add, config);

        Assert.Equal((1, code), (exit, (int)json!["code"]!));
        Assert.Contains(named, (string?)json["msg"]);
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
        AssertBad(s_add with { Command = "MOVE" }, "CNI_COMMAND");
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
    public void Result_has_the_shape_of_its_version(string version, bool family, bool mtu)
    {
        var config = NetworkConfig.Parse(Encoding.UTF8.GetBytes(Config.Replace("1.0.0", version)
            .Replace("\"mtu\"", "\"dns\":{\"nameservers\":[\"10.96.0.10\"]},\"mtu\"")));
        Subnet.TryParseAddress("10.244.1.5", out var address);
        var result = new AttachResult(new Attachment("c1", "eth0", "/run/netns/p", "a/b/eth0"), address, Subnet.MacOf(config.Subnet.Gateway), 1450);

        var json = JsonNode.Parse(ResultJson.Write(result, config).Span)!;

        var host = result.Attachment;
        var size = mtu ? ",\"mtu\":1450" : "";
        Assert.Equal(
            $$$"""
            {"cniVersion":"{{{version}}}","interfaces":[{"name":"w1-br","mac":"0a:58:0a:f4:01:01"{{{size}}}},{"name":"{{{host.HostName}}}","mac":"{{{host.HostMac}}}"{{{size}}}},{"name":"eth0","mac":"0a:58:0a:f4:01:05"{{{size}}},"sandbox":"/run/netns/p"}],"ips":[{{{{(family ? "\"version\":\"4\"," : "")}}}"interface":2,"address":"10.244.1.5/24","gateway":"10.244.1.1"}],"routes":[{"dst":"0.0.0.0/0","gw":"10.244.1.1"}],"dns":{"nameservers":["10.96.0.10"]}}
            """,
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

    private static void AssertBad(CniEnvironment environment, string variable)
    {
        var (exit, json) = Run(environment, Config);
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
