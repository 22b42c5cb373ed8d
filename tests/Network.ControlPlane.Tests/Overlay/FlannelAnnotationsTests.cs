using System.Net;
using k8s.Models;
using Network.Host.Overlay;
using Network.Netlink;
using Network.Overlay;
using Xunit;

namespace Network.ControlPlane.Tests.Overlay;

/// <summary>What a node publishes, what others make of it, and what they say of nonsense.</summary>
public sealed class FlannelAnnotationsTests
{
    private const string Prefix = "flannel.alpha.coreos.com/";
    private static readonly MacAddress s_mac = MacAddress.Parse("0a:58:0a:f4:02:00"), s_macV6 = MacAddress.Parse("0a:58:0a:f4:02:06");
    private static readonly LocalVtep s_vtep = new(
        new(IPNetwork.Parse("10.244.2.0/24"), IPNetwork.Parse("fd00:244:0:2::/64")),
        new(new PeerEnd(IPAddress.Parse("192.0.2.2"), s_mac), new PeerEnd(IPAddress.Parse("2001:db8::2"), s_macV6)), 1430)
    { Backend = OverlayBackend.Vxlan, Vni = 1, Port = 4789, ProbePort = 10246 };

    [Fact]
    public void What_a_node_publishes_is_what_the_others_read()
    {
        var reading = FlannelAnnotations.Read(NodeOf(FlannelAnnotations.Write(s_vtep)), OverlayBackend.Vxlan, 1);

        Assert.Null(reading.Fault);
        Assert.Equal(new Peer("w2", s_vtep.PodCidrs, s_vtep.Ends) { ProbePort = 10246 }, reading.Peer);
        Assert.Equal(new PerFamily<MacAddress>(s_mac, s_macV6), FlannelAnnotations.Macs(NodeOf(FlannelAnnotations.Write(s_vtep))));
    }

    [Fact]
    public void Annotations_are_flannels_to_the_letter()
    {
        var written = FlannelAnnotations.Write(s_vtep);

        Assert.Equal("vxlan", written[Prefix + "backend-type"]);
        Assert.Equal("""{"VNI":1,"VtepMAC":"0a:58:0a:f4:02:00"}""", written[Prefix + "backend-data"]);
        Assert.Equal("""{"VNI":1,"VtepMAC":"0a:58:0a:f4:02:06"}""", written[Prefix + "backend-v6-data"]);
        Assert.Equal(("192.0.2.2", "2001:db8::2", "true"), (written[Prefix + "public-ip"], written[Prefix + "public-ipv6"], written[Prefix + "kube-subnet-manager"]));
        Assert.Equal(written.Keys.Order(), FlannelAnnotations.Published.Order());
    }

    [Theory]
    [InlineData("backend-type", "host-gw", "annotation flannel.alpha.coreos.com/backend-type: is \"host-gw\", but this node's backend is vxlan; use one backend on all nodes")]
    [InlineData("public-ip", "here", "annotation flannel.alpha.coreos.com/public-ip: \"here\" is no IPv4 address; write one")]
    [InlineData("public-ip", "2001:db8::2", "\"2001:db8::2\" is no IPv4 address")]
    [InlineData("public-ipv6", "192.0.2.2", "\"192.0.2.2\" is no IPv6 address")]
    [InlineData("backend-data", "{", "annotation flannel.alpha.coreos.com/backend-data: \"{\" is no JSON object")]
    [InlineData("backend-data", "null", "\"null\" is no JSON object")]
    [InlineData("backend-data", "[1]", "\"[1]\" is no JSON object")]
    [InlineData("backend-data", null, "annotation flannel.alpha.coreos.com/backend-data: is missing; restart the node's overlay")]
    [InlineData("backend-data", "{\"VNI\":2,\"VtepMAC\":\"0a:58:0a:f4:02:00\"}", "VNI 2 differs from this node's 1; use one VNI on all nodes")]
    [InlineData("backend-data", "{\"VNI\":{},\"VtepMAC\":\"0a:58:0a:f4:02:00\"}", "VNI {} differs from this node's 1")]
    [InlineData("backend-data", "{\"VNI\":1,\"VNI\":1,\"VtepMAC\":\"0a:58:0a:f4:02:00\"}", "backend-data")]
    [InlineData("backend-data", "{\"VNI\":1,\"VtepMAC\":\"0a-58\"}", "VtepMAC \"0a-58\" is no MAC address; write it as 0a:58:0a:f4:01:02")]
    [InlineData("backend-data", "{\"VNI\":1}", "VtepMAC \"\" is no MAC address")]
    [InlineData("backend-v6-data", "{\"VNI\":1,\"VtepMAC\":7}", "annotation flannel.alpha.coreos.com/backend-v6-data: VtepMAC \"7\" is no MAC address")]
    public void Nonsense_is_named_with_node_key_and_fix(string key, string? text, string fault)
    {
        var annotations = FlannelAnnotations.Write(s_vtep);
        annotations[Prefix + key] = text;

        var reading = FlannelAnnotations.Read(NodeOf(annotations), OverlayBackend.Vxlan, 1);

        Assert.Null(reading.Peer);
        Assert.StartsWith("node w2: annotation ", reading.Fault);
        Assert.Contains(fault, reading.Fault);
    }

    [Fact]
    public void Ranges_that_are_none_are_named_and_a_node_that_has_not_published_is_no_fault()
    {
        var node = NodeOf(FlannelAnnotations.Write(s_vtep));
        node.Spec.PodCIDRs = ["10.244.2.0/33"];
        Assert.Equal("node w2: spec.podCIDRs: \"10.244.2.0/33\" is not a range; write address/prefix with the host bits zero", FlannelAnnotations.Read(node, OverlayBackend.Vxlan, 1).Fault);

        Assert.Equal(default, FlannelAnnotations.Read(NodeOf([]), OverlayBackend.Vxlan, 1));
    }

    [Theory]
    [InlineData("198.51.100.7", "198.51.100.7")]
    [InlineData(null, null)]
    public void Operator_says_what_others_send_to(string? text, string? address) =>
        Assert.Equal(address, FlannelAnnotations.Overwrites(NodeOf(new() { [Prefix + "public-ip-overwrite"] = text })).V4?.Address.ToString());

    [Fact]
    public void Overwrite_that_is_no_address_is_refused()
    {
        var error = Assert.Throws<OverlayException>(() => FlannelAnnotations.Overwrites(NodeOf(new() { [Prefix + "public-ipv6-overwrite"] = "192.0.2.1" })));

        Assert.Equal("node w2: annotation flannel.alpha.coreos.com/public-ipv6-overwrite: \"192.0.2.1\" is no IPv6 address; write one, or remove the annotation", error.Message);
    }

    [Fact]
    public void Random_annotations_never_throw_and_give_either_a_peer_or_a_fault_that_names_the_node()
    {
        var random = new Random(20260801);
        var (peers, faults) = (0, 0);
        for (var round = 0; round < 20_000; round++)
        {
            var annotations = FlannelAnnotations.Write(s_vtep);
            foreach (var key in annotations.Keys.Where(_ => random.Next(4) == 0).ToList())
                annotations[key] = Damage(annotations[key] ?? "", random);
            var backend = (OverlayBackend)random.Next(3);
            var reading = FlannelAnnotations.Read(NodeOf(annotations), backend, random.Next(3));
            FlannelAnnotations.Macs(NodeOf(annotations));
            if (reading.Peer is { } peer)
            {
                peers++;
                Assert.False(peer.Ends.IsEmpty);
                Assert.True(backend != OverlayBackend.Vxlan || peer.Ends.Present.All(end => end.Mac is not null));
            }

            if (reading.Fault is { } fault)
            {
                faults++;
                Assert.StartsWith("node w2: ", fault);
            }

            Assert.False(reading.Peer is not null && reading.Fault is not null);
        }

        Assert.True(peers > 500 && faults > 500, $"{peers} peers, {faults} faults");
    }

    private static string? Damage(string text, Random random)
    {
        const string alphabet = "{}[]\":,.0123456789abcdefVNIMAC\\ \u0000\ud800é";
        var bytes = text.ToList();
        switch (random.Next(5))
        {
            case 0:
                return null;
            case 1:
                return new string([.. Enumerable.Range(0, random.Next(40)).Select(_ => alphabet[random.Next(alphabet.Length)])]);
            case 2:
                return text[..random.Next(text.Length + 1)];
            case 3:
                bytes.InsertRange(random.Next(bytes.Count + 1), text);
                return new string([.. bytes]);
            default:
                for (var i = 0; i < 3 && bytes.Count > 0; i++)
                    bytes[random.Next(bytes.Count)] = alphabet[random.Next(alphabet.Length)];
                return new string([.. bytes]);
        }
    }

    private static V1Node NodeOf(Dictionary<string, string?> annotations) => new()
    {
        Metadata = new V1ObjectMeta { Name = "w2", Annotations = annotations.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!) },
        Spec = new V1NodeSpec { PodCIDR = "10.244.2.0/24", PodCIDRs = ["10.244.2.0/24", "fd00:244:0:2::/64"] },
    };
}
