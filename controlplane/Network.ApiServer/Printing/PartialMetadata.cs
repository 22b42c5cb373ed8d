using System.Text.Json;
using System.Text.Json.Nodes;

namespace Network.ApiServer.Printing;

/// <summary>meta.k8s.io/v1 PartialObjectMetadata: an object reduced to its metadata.</summary>
internal static class PartialMetadata
{
    public static JsonObject Of(JsonElement value) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = value.TryGetProperty("metadata"u8, out var metadata) ? JsonObject.Create(metadata) : new JsonObject(),
    };
}
