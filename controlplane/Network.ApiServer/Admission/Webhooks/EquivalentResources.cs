using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.ApiServer.CustomResources;
using Network.ApiServer.Storage;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>Other names and versions of the same stored objects, and the way from one to the other.</summary>
internal sealed class EquivalentResources(ServedResources served)
{
    public IEnumerable<ResourceInfo> Of(ResourceInfo resource) =>
        served.All.Where(other => !ReferenceEquals(other, resource) && other.StoragePrefix == resource.StoragePrefix && other.Version + other.Group != resource.Version + resource.Group);

    /// <summary>A copy of the value as the other resource serves it; the value itself when both are the same.</summary>
    public static JsonObject Convert(JsonObject value, ResourceInfo from, ResourceInfo to)
    {
        if (ReferenceEquals(from, to))
            return value;
        var copy = (JsonObject)value.DeepClone();
        if (from.Converted)
            copy = VersionConversion.ToStored(from, copy);
        return to.Converted ? VersionConversion.ToServed(to, copy) : copy;
    }
}
