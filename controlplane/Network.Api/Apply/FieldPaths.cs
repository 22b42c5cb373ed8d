using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.Api.Apply;

/// <summary>Single paths of a field set: reading, removing and naming what they lead to.</summary>
public static class FieldPaths
{
    /// <summary>The step to an item of a map list. A key the client left out has its default, which for every such key upstream is the protocol.</summary>
    public static string KeyStep(JsonObject item, Field field) => "k:" + KeysOf(item, field).ToJsonString();

    public static JsonObject KeysOf(JsonObject item, Field field) => new(field.ListKeys.Order(StringComparer.Ordinal)
        .Select(k => KeyValuePair.Create(k, item[k]?.DeepClone() ?? (k == "protocol" ? "TCP" : null)))
        .Where(p => p.Value is not null));

    /// <summary>The value a path leads to; null when it is not there.</summary>
    public static JsonNode? Resolve(JsonNode? root, ReadOnlySpan<string> path)
    {
        foreach (var step in path)
            root = Step(root, step);
        return root;
    }

    /// <summary>True when the set owns the path or something below it.</summary>
    public static bool Contains(JsonObject set, string[] path)
    {
        JsonNode? at = set;
        foreach (var step in path)
            at = (at as JsonObject)?[step];
        return at is not null;
    }

    /// <summary>Takes away what a path leads to; containers that become empty stay, as upstream leaves them.</summary>
    public static void Remove(JsonObject root, string[] path)
    {
        var parent = Resolve(root, path.AsSpan(0, path.Length - 1));
        switch (parent)
        {
            case JsonObject map when path[^1].StartsWith("f:", StringComparison.Ordinal):
                map.Remove(path[^1][2..]);
                break;
            case JsonArray list when Step(list, path[^1]) is { } item:
                list.Remove(item);
                break;
        }
    }

    /// <summary>The path as people read it: <c>.spec.containers[name="c"].image</c>.</summary>
    public static string Spell(string[] path)
    {
        var text = new StringBuilder();
        foreach (var step in path)
        {
            if (step.StartsWith("f:", StringComparison.Ordinal))
                text.Append('.').Append(step.AsSpan(2));
            else if (step.StartsWith("v:", StringComparison.Ordinal))
                text.Append('[').Append('=').Append(step.AsSpan(2)).Append(']');
            else if (JsonNode.Parse(step[2..]) is JsonObject keys)
                text.Append('[').Append(string.Join(',', keys.Select(k => $"{k.Key}={k.Value?.ToJsonString()}"))).Append(']');
        }

        return text.ToString();
    }

    private static JsonNode? Step(JsonNode? node, string step)
    {
        switch (node)
        {
            case JsonObject map when step.StartsWith("f:", StringComparison.Ordinal):
                return map[step[2..]];
            case JsonArray list when step.StartsWith("v:", StringComparison.Ordinal):
                return list.FirstOrDefault(i => i?.ToJsonString() == step[2..]);
            case JsonArray list when step.StartsWith("k:", StringComparison.Ordinal):
                var keys = JsonNode.Parse(step[2..]) as JsonObject ?? [];
                return list.OfType<JsonObject>().FirstOrDefault(i => keys.All(k =>
                    JsonNode.DeepEquals(i[k.Key] ?? (k.Key == "protocol" ? "TCP" : null), k.Value)));
            default:
                return null;
        }
    }
}
