using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using Network.Netlink;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>What a node's annotations say of it as a peer, or what is wrong with them. Both null: it has not published yet.</summary>
internal readonly record struct PeerReading(Peer? Peer, string? Fault);

/// <summary>
/// How a node tells the others where its tunnels end: flannel's annotations, so that operators find what they know and
/// both kinds of daemon can share a cluster. Pure.
/// </summary>
internal static class FlannelAnnotations
{
    internal const string ProbePort = "podnet.io/overlay-probe-port";
    private const string Prefix = "flannel.alpha.coreos.com/";
    private const string BackendType = Prefix + "backend-type";
    private const string Managed = Prefix + "kube-subnet-manager";

    /// <summary>Every key this daemon writes.</summary>
    internal static IEnumerable<string> Published =>
        [BackendType, Managed, ProbePort, .. PerFamily<int>.Families.SelectMany(family => (string[])[DataKey(family), AddressKey(family)])];

    /// <summary>What to publish; null removes what an earlier life left.</summary>
    internal static Dictionary<string, string?> Write(LocalVtep vtep)
    {
        var annotations = new Dictionary<string, string?>
        {
            [BackendType] = BackendNames.Of(vtep.Backend),
            [Managed] = "true",
            [ProbePort] = vtep.ProbePort == 0 ? null : vtep.ProbePort.ToString(),
        };
        foreach (var family in PerFamily<int>.Families)
        {
            annotations[DataKey(family)] = vtep.Ends[family] is { } end ? Data(vtep, end) : null;
            annotations[AddressKey(family)] = vtep.Ends[family]?.Address.ToString();
        }

        return annotations;
    }

    /// <summary>The tunnels' MACs that the node published in an earlier life.</summary>
    internal static PerFamily<MacAddress> Macs(V1Node node)
    {
        var macs = default(PerFamily<MacAddress>);
        foreach (var family in PerFamily<int>.Families)
        {
            // Somebody else's text is no reason to stop: a new MAC will do.
            if (Find(node, DataKey(family)) is { } text && TryObject(text, out var data) && MacAddress.TryParse(Text(data, "VtepMAC"), out var mac))
                macs = macs.With(family, mac);
        }

        return macs;
    }

    /// <summary>Where the node's IPv4 tunnel ends and of which network it is, as far as it can be read; for those who only look.</summary>
    internal static (IPAddress? Address, int Vni) Tunnel(V1Node node)
    {
        var address = IPAddress.TryParse(Find(node, AddressKey(AddressFamily.InterNetwork)), out var parsed) ? parsed : null;
        return Find(node, DataKey(AddressFamily.InterNetwork)) is { } text && TryObject(text, out var data) && int.TryParse(Text(data, "VNI"), out var vni) ? (address, vni) : (address, 0);
    }

    /// <summary>Addresses an operator wants others to use for this node, which stands behind address translation.</summary>
    internal static PerFamily<PeerEnd> Overwrites(V1Node node)
    {
        var ends = default(PerFamily<PeerEnd>);
        foreach (var family in PerFamily<int>.Families)
        {
            var key = AddressKey(family) + "-overwrite";
            if (Find(node, key) is not { } text)
                continue;
            if (!IPAddress.TryParse(text, out var address) || address.AddressFamily != family)
                throw new OverlayException(Fault(node, key, $"\"{text}\" is no {NameOf(family)} address", "write one, or remove the annotation"));
            ends = ends.With(family, new PeerEnd(address));
        }

        return ends;
    }

    /// <summary>The node's pod ranges.</summary>
    internal static bool TryPodCidrs(V1Node node, out PerFamily<IPNetwork> cidrs, out string? fault)
    {
        cidrs = default;
        fault = null;
        IEnumerable<string> texts = node.Spec?.PodCIDRs is { Count: > 0 } several ? several : node.Spec?.PodCIDR is { Length: > 0 } one ? [one] : [];
        foreach (var text in texts)
        {
            if (!IPNetwork.TryParse(text, out var cidr))
            {
                fault = $"node {node.Metadata.Name}: spec.podCIDRs: \"{text}\" is not a range; write address/prefix with the host bits zero";
                return false;
            }

            cidrs = cidrs.With(cidr.BaseAddress.AddressFamily, cidrs[cidr.BaseAddress.AddressFamily] ?? cidr);
        }

        return !cidrs.IsEmpty;
    }

    /// <summary>The node as a peer of a network of this kind.</summary>
    internal static PeerReading Read(V1Node node, OverlayBackend backend, int vni)
    {
        if (!TryPodCidrs(node, out var cidrs, out var wrong))
            return new PeerReading(null, wrong);
        if (Find(node, BackendType) is not { } type)
            return default;
        if (type != BackendNames.Of(backend))
            return Refused(node, BackendType, $"is \"{type}\", but this node's backend is {BackendNames.Of(backend)}", "use one backend on all nodes");
        var ends = default(PerFamily<PeerEnd>);
        foreach (var family in PerFamily<int>.Families)
        {
            if (Find(node, AddressKey(family)) is not { } text)
                continue;
            if (!IPAddress.TryParse(text, out var address) || address.AddressFamily != family)
                return Refused(node, AddressKey(family), $"\"{text}\" is no {NameOf(family)} address", "write one, or remove the annotation and restart the node's overlay");
            if (!TryEnd(node, (family, backend, vni), address, out var end, out var fault))
                return new PeerReading(null, fault);
            ends = ends.With(family, end);
        }

        if (ends.IsEmpty)
            return Refused(node, AddressKey(AddressFamily.InterNetwork), "is missing", "restart the node's overlay, which publishes it");
        var probe = int.TryParse(Find(node, ProbePort), out var port) && port is > 0 and <= ushort.MaxValue ? port : 0;
        return new PeerReading(new Peer(node.Metadata.Name, cidrs, ends) { ProbePort = probe }, null);
    }

    private static bool TryEnd(V1Node node, (AddressFamily Family, OverlayBackend Backend, int Vni) network, IPAddress address, out PeerEnd end, out string? fault)
    {
        end = new PeerEnd(address);
        fault = null;
        if (network.Backend == OverlayBackend.HostGateway)
            return true;
        var key = DataKey(network.Family);
        if (Find(node, key) is not { } text || !TryObject(text, out var data))
        {
            fault = Fault(node, key, Find(node, key) is { } bad ? $"\"{bad}\" is no JSON object" : "is missing", "restart the node's overlay, which publishes it");
            return false;
        }

        if (network.Backend == OverlayBackend.WireGuard)
        {
            if (WireGuardKey.TryParse(Text(data, "PublicKey"), out var publicKey))
                end = end with { PublicKey = publicKey };
            else
                fault = Fault(node, key, $"PublicKey \"{Text(data, "PublicKey")}\" is no key", "write 32 bytes in base64");
        }
        else if (Text(data, "VNI") is { } vni && vni != network.Vni.ToString())
        {
            fault = Fault(node, key, $"VNI {vni} differs from this node's {network.Vni}", "use one VNI on all nodes");
        }
        else if (MacAddress.TryParse(Text(data, "VtepMAC"), out var mac))
        {
            end = end with { Mac = mac };
        }
        else
        {
            fault = Fault(node, key, $"VtepMAC \"{Text(data, "VtepMAC")}\" is no MAC address", "write it as 0a:58:0a:f4:01:02");
        }

        return fault is null;
    }

    private static string Data(LocalVtep vtep, PeerEnd end) => vtep.Backend switch
    {
        OverlayBackend.Vxlan => new JsonObject { ["VNI"] = vtep.Vni, ["VtepMAC"] = end.Mac?.ToString() }.ToJsonString(),
        OverlayBackend.WireGuard => new JsonObject { ["PublicKey"] = end.PublicKey?.ToString() }.ToJsonString(),
        _ => "null",
    };

    private static bool TryObject(string text, out JsonObject data)
    {
        data = null!;
        try
        {
            data = (JsonNode.Parse(text) as JsonObject)!;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // Told by the caller, who knows node and key. Half a character (a lone surrogate) is refused before the parser sees it.
        }

        return data is not null;
    }

    private static string? Text(JsonObject data, string field)
    {
        try
        {
            return data[field] switch { null => null, JsonValue value => value.ToString(), var other => other.ToJsonString() };
        }
        catch (ArgumentException)
        {
            return "twice"; // A name given twice is found out late by this parser.
        }
    }

    private static PeerReading Refused(V1Node node, string key, string what, string fix) => new(null, Fault(node, key, what, fix));

    private static string Fault(V1Node node, string key, string what, string fix) => $"node {node.Metadata.Name}: annotation {key}: {what}; {fix}";

    private static string DataKey(AddressFamily family) => Prefix + (family == AddressFamily.InterNetwork ? "backend-data" : "backend-v6-data");

    private static string AddressKey(AddressFamily family) => Prefix + (family == AddressFamily.InterNetwork ? "public-ip" : "public-ipv6");

    private static string NameOf(AddressFamily family) => family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";

    private static string? Find(V1Node node, string key) => node.Metadata.Annotations?.TryGetValue(key, out var value) == true ? value : null;
}
