using System.Net;
using Network.Host.Overlay;
using Network.Host.Roles;
using Network.Overlay;
using Xunit;

namespace Network.ControlPlane.Tests.Overlay;

/// <summary>A network described by a file: what it becomes, and what is said of a file that is wrong.</summary>
public sealed class NetworkFileTests
{
    private const string Whole = """
        {
          // Comments and a comma too many are fine.
          "name": "blue", "clusterCIDRs": ["10.99.0.0/16", "fd00:99::/48"], "backend": "vxlan", "vni": 7, "port": 8472, "directRouting": true, "masquerade": false,
          "noMasquerade": ["192.0.2.0/24"], "probePort": 10300, "interface": "eth1",
          "nodes": [
            { "name": "w1", "podCIDRs": ["10.99.1.0/24", "fd00:99:0:1::/64"], "addresses": ["192.0.2.1", "2001:db8::1"] },
            { "name": "w2", "podCIDRs": ["10.99.2.0/24"], "addresses": ["192.0.2.2"], "mac": "02:00:00:00:00:02" },
          ],
        }
        """;

    private static readonly AgentOptions s_options = new() { Node = "w1", DataDirectory = "/data" };

    [Fact]
    public void Every_field_reaches_the_settings()
    {
        var settings = NetworkFile.Parse("blue.json", Whole).SettingsFor(s_options);

        Assert.Equal(("blue", "w1-blue", "w1-blue-br", 7, 8472, true, false, 10300, "eth1"), (settings.Network, settings.DeviceName, settings.PodBridge, settings.Vni, settings.Port,
            settings.DirectRouting, settings.Masquerade, settings.ProbePort, settings.UnderlayInterface));
        Assert.Equal(["192.0.2.1", "2001:db8::1"], settings.NodeAddresses.Select(address => address.ToString()));
        Assert.Equal(new PerFamily<IPNetwork>(IPNetwork.Parse("10.99.1.0/24"), IPNetwork.Parse("fd00:99:0:1::/64")), settings.PodCidrs);
        Assert.Equal(["192.0.2.0/24"], settings.NoMasquerade.Select(range => range.ToString()));
    }

    [Fact]
    public void Nodes_agree_on_each_others_macs_without_talking()
    {
        var file = NetworkFile.Parse("blue.json", Whole);
        var seenByTwo = Assert.Single(file.PeersOf("w2"));
        var own = file.SettingsFor(s_options).KnownMacs;

        Assert.Equal(own, new(seenByTwo.Ends.V4!.Value.Mac, seenByTwo.Ends.V6!.Value.Mac));
        Assert.NotEqual(own.V4, own.V6);
        Assert.Equal(2, Convert.FromHexString(own.V4!.Value.ToString()[..2])[0] & 3);
        Assert.Equal("02:00:00:00:00:02", Assert.Single(file.PeersOf("w1")).Ends.V4!.Value.Mac.ToString());
        Assert.NotEqual(own.V4, NetworkFile.Parse("blue.json", Whole.Replace("\"vni\": 7", "\"vni\": 8", StringComparison.Ordinal)).SettingsFor(s_options).KnownMacs.V4);
    }

    [Fact]
    public void Other_nodes_are_no_part_of_the_networks_shape()
    {
        var file = NetworkFile.Parse("blue.json", Whole);
        var other = NetworkFile.Parse("blue.json", Whole.Replace("10.99.2.0/24", "10.99.3.0/24", StringComparison.Ordinal));

        Assert.Equal(file.Shape, other.Shape);
        Assert.Equal(file.Find("w1"), other.Find("w1"));
        Assert.NotEqual(file.Find("w2"), other.Find("w2"));
        Assert.NotEqual(file.Shape, NetworkFile.Parse("blue.json", Whole.Replace("8472", "4789", StringComparison.Ordinal)).Shape);
    }

    [Theory]
    [InlineData("", "is no JSON")]
    [InlineData("[]", "holds no JSON object; write")]
    [InlineData("{", "is no JSON")]
    [InlineData("{}", "name is missing; write at most 10 lower-case letters and digits")]
    [InlineData("\"name\": \"blue\"", "\"name\": 7", "name is no text; write it in quotes")]
    [InlineData("\"vni\": 7,", "", "vni is missing; give this network a VXLAN identifier of its own; the cluster's is 1")]
    [InlineData("\"vni\": 7,", "\"vni\": 16777216,", "vni 16777216 is out of range; write a number from 1 to 16777215")]
    [InlineData("\"vni\": 7,", "\"vni\": 7, \"vni\": 8,", "is no JSON")]
    [InlineData("\"vni\": 7,", "\"vnii\": 7,", "vnii is no field; the fields are name, clusterCIDRs")]
    [InlineData("8472", "\"8472\"", "port \"8472\" is out of range; write a number from 1 to 65535")]
    [InlineData("\"vxlan\"", "\"udp\"", "backend \"udp\" is none of ours; use one of vxlan, host-gw, wireguard")]
    [InlineData("\"directRouting\": true", "\"directRouting\": 1", "directRouting 1 is neither true nor false; write one of them")]
    [InlineData("\"10.99.0.0/16\"", "\"10.99.0.1/16\"", "clusterCIDRs \"10.99.0.1/16\" is not a range; write address/prefix with the host bits zero")]
    [InlineData("\"fd00:99::/48\"", "\"10.98.0.0/16\"", "clusterCIDRs 10.99.0.0/16 and 10.98.0.0/16 are of one family; give at most one of each")]
    [InlineData("\"192.0.2.2\"", "\"there\"", "nodes[1].addresses \"there\" is not an IP address; write one")]
    [InlineData("\"192.0.2.2\"", "\"192.0.2.2\", \"192.0.2.3\"", "nodes[1].addresses 192.0.2.2 and 192.0.2.3 are of one family; give at most one of each")]
    [InlineData("[\"192.0.2.2\"]", "[]", "nodes[1].addresses is missing; give the addresses other nodes reach it by")]
    [InlineData("[\"192.0.2.2\"]", "\"192.0.2.2\"", "nodes[1].addresses is no list")]
    [InlineData("[\"10.99.2.0/24\"]", "[]", "nodes[1].podCIDRs is missing; give the node a part of clusterCIDRs")]
    [InlineData("\"name\": \"w2\"", "\"name\": \"w1\"", "nodes[1].name \"w1\" is there twice; name each node once")]
    [InlineData("\"name\": \"w2\", ", "", "nodes[1].name is missing")]
    [InlineData("02:00:00:00:00:02", "02-00", "nodes[1].mac \"02-00\" is no MAC address; write it as 0a:58:0a:f4:01:02")]
    [InlineData("\"mac\"", "\"color\"", "nodes[1].color is no field; the fields are name, podCIDRs, addresses, mac, publicKey")]
    [InlineData("\"w1\"", "\"w9\"", "nodes has no node \"w1\"; add this node, or name it by --node")]
    public void Wrong_file_is_named_with_field_and_fix(params string[] change)
    {
        var text = change.Length == 2 ? change[0] : Whole.Replace(change[0], change[1], StringComparison.Ordinal);
        var error = Assert.Throws<OverlayException>(() => NetworkFile.Parse("blue.json", text).SettingsFor(s_options));

        Assert.StartsWith("network file blue.json", error.Message);
        Assert.Contains(change[^1], error.Message);
    }

    [Fact]
    public void Damaged_files_are_refused_or_read_and_nothing_else()
    {
        var random = new Random(20260801);
        var read = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var text = Whole.ToCharArray();
            for (var change = random.Next(1, 4); change > 0; change--)
                text[random.Next(text.Length)] = "{}[]\",:0129azé \n\u0000"[random.Next(17)];
            try
            {
                NetworkFile.Parse("blue.json", new string(text)).SettingsFor(s_options);
                read++;
            }
            catch (OverlayException e)
            {
                Assert.StartsWith("network file blue.json", e.Message);
            }
        }

        Assert.True(read > 100, $"only {read} files were read");
    }

    [Fact]
    public void Networks_of_one_node_must_not_meet()
    {
        var networks = new OverlayNetworks();
        networks.Set("blue.json", new RunningNetwork(null, NetworkFile.Parse("blue.json", Whole).SettingsFor(s_options), null));
        string Refusal(string from, string to, string text) => Assert.Throws<OverlayException>(() =>
            networks.Check("red.json", NetworkFile.Parse("red.json", text.Replace(from, to, StringComparison.Ordinal)).SettingsFor(s_options))).Message;
        var red = Whole.Replace("10.99.", "10.98.", StringComparison.Ordinal).Replace("fd00:99:", "fd00:98:", StringComparison.Ordinal)
            .Replace("\"blue\"", "\"red\"", StringComparison.Ordinal).Replace("\"vni\": 7", "\"vni\": 8", StringComparison.Ordinal);

        networks.Check("red.json", NetworkFile.Parse("red.json", red).SettingsFor(s_options));
        networks.Check("blue.json", NetworkFile.Parse("blue.json", Whole).SettingsFor(s_options));
        Assert.Contains("has the name of another network (blue.json)", Refusal("\"red\"", "\"blue\"", red));
        Assert.Contains("VNI 7 on port 8472 belongs to network blue; give this network another vni", Refusal("\"vni\": 8", "\"vni\": 7", red));
        Assert.Contains("cluster CIDR 10.99.0.0/16 overlaps 10.99.0.0/16 of network blue", Refusal("10.98.", "10.99.", red));
    }
}
