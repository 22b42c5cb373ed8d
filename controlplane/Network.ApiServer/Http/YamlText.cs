using System.Text;
using System.Text.Json.Nodes;

namespace Network.ApiServer.Http;

/// <summary>Writes JSON values as block YAML; strings are always quoted the JSON way, which YAML 1.2 reads as they are.</summary>
internal static class YamlText
{
    public static string Write(JsonNode value)
    {
        var text = new StringBuilder();
        Append(text, value, 0, false);
        return text.ToString();
    }

    private static void Append(StringBuilder text, JsonNode? value, int depth, bool inList)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } map:
                var first = inList;
                foreach (var (key, member) in map)
                {
                    if (!first)
                        text.Append(' ', depth * 2);
                    first = false;
                    text.Append(((JsonNode)key).ToJsonString()).Append(':');
                    AppendMember(text, member, depth + 1);
                }

                break;
            case JsonArray { Count: > 0 } list:
                foreach (var item in list)
                {
                    text.Append(' ', depth * 2).Append("- ");
                    if (item is JsonArray { Count: > 0 })
                        text.Append('\n');
                    Append(text, item, depth + 1, true);
                }

                break;
            default:
                text.Append(value?.ToJsonString() ?? "null").Append('\n');
                break;
        }
    }

    private static void AppendMember(StringBuilder text, JsonNode? member, int depth)
    {
        if (member is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
            text.Append('\n');
        else
            text.Append(' ');
        Append(text, member, depth, false);
    }
}
