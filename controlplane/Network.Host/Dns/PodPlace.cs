using System.Net;
using System.Text.Json;
using k8s;
using k8s.Models;
using Network.Client;

namespace Network.Host.Dns;

/// <summary>A pod reduced to its name and its addresses: there is one for every pod of the cluster.</summary>
internal sealed record PodPlace : IKubernetesObject<V1ObjectMeta>
{
    internal static readonly Resource<PodPlace> Resource = new("", "v1", "pods", "Pod", true) { Read = Of };

    public string ApiVersion { get; set; } = "v1";

    public string Kind { get; set; } = "Pod";

    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>None before it has one and after it has ended, when the address may be another pod's already.</summary>
    internal IReadOnlyList<IPAddress> Addresses { get; private init; } = [];

    private static PodPlace Of(JsonElement pod)
    {
        var metadata = pod.GetProperty("metadata");
        return new PodPlace
        {
            Metadata = new V1ObjectMeta
            {
                Name = metadata.GetProperty("name").GetString(),
                NamespaceProperty = metadata.GetProperty("namespace").GetString(),
                ResourceVersion = metadata.GetProperty("resourceVersion").GetString(),
            },
            Addresses = pod.TryGetProperty("status", out var status) ? AddressesOf(status) : [],
        };
    }

    private static IReadOnlyList<IPAddress> AddressesOf(JsonElement status)
    {
        if (status.TryGetProperty("phase", out var phase) && phase.GetString() is "Succeeded" or "Failed")
            return [];
        if (!status.TryGetProperty("podIPs", out var addresses) || addresses.ValueKind != JsonValueKind.Array)
            return [];
        return addresses.EnumerateArray().Select(each => each.TryGetProperty("ip", out var ip) && IPAddress.TryParse(ip.GetString(), out var address) ? address : null)
            .OfType<IPAddress>().ToList();
    }
}
