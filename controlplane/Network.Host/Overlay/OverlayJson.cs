using System.Text.Json.Nodes;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>A daemon's state as JSON, the form scripts and <c>podnet overlay</c> read.</summary>
internal static class OverlayJson
{
    internal static JsonObject Of(OverlayStatus status) => new()
    {
        ["node"] = status.Node,
        ["network"] = status.Network,
        ["backend"] = status.Backend,
        ["underlay"] = new JsonObject { ["device"] = status.Underlay, ["mtu"] = status.UnderlayMtu },
        ["podCIDRs"] = Texts(status.Local?.PodCidrs.Present),
        ["mtu"] = status.Local?.Mtu,
        ["vni"] = status.Local?.Vni,
        ["port"] = status.Local?.Port,
        ["tunnels"] = new JsonArray([.. status.Tunnels.Select(tunnel => (JsonNode)new JsonObject
        {
            ["device"] = tunnel.Device, ["underlay"] = tunnel.Underlay, ["index"] = tunnel.Index, ["mtu"] = tunnel.Mtu, ["mac"] = tunnel.Mac,
        })]),
        ["objects"] = status.Objects,
        ["repairs"] = status.Repairs,
        ["lastRepair"] = status.LastRepair is { } repair
            ? new JsonObject { ["when"] = Text(repair.When), ["what"] = repair.What, ["afterMilliseconds"] = repair.After.TotalMilliseconds }
            : null,
        ["lastAudit"] = Text(status.LastAudit),
        ["failure"] = status.Failure,
        ["checksumOffload"] = status.Checksum.ToString(),
        ["probeFault"] = status.ProbeFault,
        ["peers"] = new JsonArray([.. status.Peers.Select(peer => (JsonNode)Of(peer))]),
    };

    private static JsonObject Of(PeerStatus peer) => new()
    {
        ["node"] = peer.Node,
        ["podCIDRs"] = Texts(peer.PodCidrs),
        ["underlay"] = Texts(peer.Underlay),
        ["ways"] = peer.Ways,
        ["fault"] = peer.Fault,
        ["probed"] = peer.Probed,
        ["roundTripMilliseconds"] = peer.RoundTrip?.TotalMilliseconds,
        ["loss"] = peer.Loss,
        ["pathMtu"] = peer.PathMtu,
        ["lastAnswer"] = Text(peer.LastAnswer),
    };

    internal static JsonArray Texts<T>(IEnumerable<T>? values) => new([.. (values ?? []).Select(value => (JsonNode)value!.ToString()!)]);

    private static string? Text(DateTimeOffset? when) => when?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
