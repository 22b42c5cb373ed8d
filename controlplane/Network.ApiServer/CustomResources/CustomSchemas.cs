using System.Text.Json.Nodes;
using Network.ApiServer.Discovery;

namespace Network.ApiServer.CustomResources;

/// <summary>A definition's schema as OpenAPI documents show it.</summary>
internal static class CustomSchemas
{
    // Swagger 2.0 has no words for these (apiextensions openapi/v2 conversion).
    private static readonly string[] s_unknownToV2 = ["default", "nullable", "oneOf", "anyOf", "allOf", "not"];

    public static JsonObject Published(JsonObject schema, OpenApiDialect dialect)
    {
        var copy = (JsonObject)schema.DeepClone();
        if (dialect == OpenApiDialect.V2)
            Strip(copy);
        return copy;
    }

    private static void Strip(JsonObject node)
    {
        foreach (var name in s_unknownToV2)
            node.Remove(name);
        // Client-side validation must not refuse what the server keeps.
        if (node["x-kubernetes-preserve-unknown-fields"] is not null)
            node.Remove("properties");
        foreach (var (_, member) in node["properties"] as JsonObject ?? [])
            StripMember(member);
        StripMember(node["items"]);
        StripMember(node["additionalProperties"]);
    }

    private static void StripMember(JsonNode? member)
    {
        if (member is JsonObject inner)
            Strip(inner);
    }
}
