using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Network.Cli.Verbs;

/// <summary>JSON laid out as YAML blocks. Strings keep JSON's quotes, which YAML reads the same way, so no text can change its meaning.</summary>
internal static class OverlayYaml
{
    internal static string Of(JsonNode node)
    {
        var text = new StringBuilder();
        Write(text, node, 0);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonNode? node, int depth)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } fields:
                foreach (var (name, value) in fields)
                    Entry(text, depth, $"{name}:", value);
                break;
            case JsonArray { Count: > 0 } items:
                foreach (var item in items)
                    Entry(text, depth, "-", item);
                break;
            default:
                text.Append(' ', depth).AppendLine(Scalar(node));
                break;
        }
    }

    private static void Entry(StringBuilder text, int depth, string begin, JsonNode? value)
    {
        text.Append(' ', depth).Append(begin);
        if (value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
        {
            text.AppendLine();
            Write(text, value, depth + 2);
        }
        else
        {
            text.Append(' ').AppendLine(Scalar(value));
        }
    }

    private static string Scalar(JsonNode? node) => node is null ? "null" : node.GetValueKind() == JsonValueKind.Array ? "[]" : node.GetValueKind() == JsonValueKind.Object ? "{}" : node.ToJsonString();
}
