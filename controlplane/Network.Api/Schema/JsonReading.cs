using System.Text.Json;
using System.Text.Json.Nodes;

namespace Network.Api.Schema;

/// <summary>Reading nested members without a type for every kind: absent at any step means null or the given default.</summary>
public static class JsonReading
{
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            if (node is not JsonObject map)
                return null;
            node = map[step];
        }

        return node;
    }

    public static string Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        if (node.At(path) is not JsonValue value)
            return null;
        return value.TryGetValue<long>(out var wide) ? wide : value.TryGetValue<int>(out var narrow) ? narrow : null;
    }

    public static bool? Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    public static IEnumerable<JsonObject> Items(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray list ? list.OfType<JsonObject>() : [];

    public static IEnumerable<string> Texts(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray list ? list.OfType<JsonValue>().Select(v => v.TryGetValue<string>(out var text) ? text : v.ToJsonString()) : [];

    /// <summary>The object member, created when absent.</summary>
    public static JsonObject Child(this JsonObject node, string name)
    {
        if (node[name] is not JsonObject child)
            node[name] = child = [];
        return child;
    }

    /// <summary>Sets the member when it is absent.</summary>
    public static void Default(this JsonObject node, string name, JsonNode? value)
    {
        if (node[name] is null)
            node[name] = value;
    }

    public static JsonElement At(this JsonElement node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            if (node.ValueKind != JsonValueKind.Object || !node.TryGetProperty(step, out node))
                return default;
        }

        return node;
    }

    public static string Text(this JsonElement node, params ReadOnlySpan<string> path)
    {
        var at = node.At(path);
        return at.ValueKind switch
        {
            JsonValueKind.String => at.GetString()!,
            JsonValueKind.Undefined or JsonValueKind.Null => "",
            _ => at.GetRawText(),
        };
    }

    public static long Number(this JsonElement node, params ReadOnlySpan<string> path) =>
        node.At(path) is { ValueKind: JsonValueKind.Number } at && at.TryGetInt64(out var number) ? number : 0;

    public static bool Flag(this JsonElement node, params ReadOnlySpan<string> path) => node.At(path).ValueKind == JsonValueKind.True;

    public static IEnumerable<JsonElement> Items(this JsonElement node, params ReadOnlySpan<string> path) =>
        node.At(path) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    public static IEnumerable<JsonProperty> Members(this JsonElement node, params ReadOnlySpan<string> path) =>
        node.At(path) is { ValueKind: JsonValueKind.Object } map ? map.EnumerateObject() : [];
}
