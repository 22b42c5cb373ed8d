using System.Text.Json;
using k8s;
using k8s.Models;

namespace Network.Client;

/// <summary>Where objects of a kind live in the API: <c>/api/v1/...</c> or <c>/apis/group/version/...</c>.</summary>
public sealed record Resource<T>(string Group, string Version, string Plural, string Kind, bool Namespaced)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Ask the server for metadata only; see <see cref="ObjectMetadata"/>.</summary>
    public bool MetadataOnly { get; init; }

    /// <summary>How an object is read from JSON.</summary>
    public Func<JsonElement, T> Read { get; init; } = ReadWithoutManagers;

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The collection's path; a null namespace means all namespaces.</summary>
    public string CollectionPath(string? ns)
    {
        var root = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";
        return Namespaced && ns is not null ? $"{root}/namespaces/{Uri.EscapeDataString(ns)}/{Plural}" : $"{root}/{Plural}";
    }

    public string ObjectPath(string? ns, string name, string? subresource = null)
    {
        var path = $"{CollectionPath(ns)}/{Uri.EscapeDataString(name)}";
        return subresource is null ? path : $"{path}/{subresource}";
    }

    // Who manages which field is of no interest to components, costs more memory than the rest of the object, and is
    // free-form JSON that the models' generated serializer cannot write back.
    private static T ReadWithoutManagers(JsonElement element)
    {
        var obj = KubernetesJson.Deserialize<T>(element);
        if (obj.Metadata is { } metadata)
            metadata.ManagedFields = null;
        return obj;
    }
}
