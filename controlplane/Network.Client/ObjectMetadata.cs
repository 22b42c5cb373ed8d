using k8s;
using k8s.Models;

namespace Network.Client;

/// <summary>An object of any kind reduced to its metadata (meta/v1 PartialObjectMetadata), for those who care about owners only.</summary>
public sealed record ObjectMetadata : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>A resource whose objects are fetched and watched as metadata only.</summary>
    public static Resource<ObjectMetadata> Of(string group, string version, string plural, string kind, bool namespaced) =>
        new(group, version, plural, kind, namespaced)
        {
            MetadataOnly = true,
            Read = element => new ObjectMetadata
            {
                ApiVersion = group.Length == 0 ? version : $"{group}/{version}",
                Kind = kind,
                Metadata = KubernetesJson.Deserialize<V1ObjectMeta>(element.GetProperty("metadata")),
            },
        };
}
