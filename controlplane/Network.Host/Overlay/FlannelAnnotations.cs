using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using Network.Netlink;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>
/// How a node tells the others where its tunnel ends: flannel's annotations, so that operators find what they know and
/// both kinds of daemon can share a cluster. Pure.
/// </summary>
internal static class FlannelAnnotations
{
    private const string Prefix = "flannel.alpha.coreos.com/";
    private const string BackendType = Prefix + "backend-type";
    private const string BackendData = Prefix + "backend-data";
    private const string PublicIp = Prefix + "public-ip";
    private const string Managed = Prefix + "kube-subnet-manager";

    internal static Dictionary<string, string> Write(LocalVtep vtep) => new()
    {
        [BackendType] = "vxlan",
        [BackendData] = new JsonObject { ["VNI"] = vtep.Vni, ["VtepMAC"] = vtep.Mac.ToString() }.ToJsonString(),
        [PublicIp] = vtep.UnderlayAddress.ToString(),
        [Managed] = "true",
    };

    internal static MacAddress? Mac(V1Node node)
    {
        try
        {
            return Find(node, BackendData) is { } data && JsonNode.Parse(data)?["VtepMAC"]?.GetValue<string>() is { } text && MacAddress.TryParse(text, out var mac)
                ? mac
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Somebody else's annotation is no reason to stop: the node counts as not yet published.
            return null;
        }
    }

    /// <summary>Null while the node has not published everything a peer needs.</summary>
    internal static Peer? Read(V1Node node) =>
        IPNetwork.TryParse(node.Spec?.PodCIDR, out var cidr) && Mac(node) is { } mac && IPAddress.TryParse(Find(node, PublicIp), out var address)
            ? new Peer(node.Metadata.Name, cidr, mac, address)
            : null;

    private static string? Find(V1Node node, string key) => node.Metadata.Annotations?.TryGetValue(key, out var value) == true ? value : null;
}
