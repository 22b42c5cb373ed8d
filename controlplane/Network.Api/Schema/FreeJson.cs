using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Network.Api.Schema;

/// <summary>
/// Reads JSON without a type. System.Text.Json notices duplicate members only when they are first looked at, which would be after the body was
/// judged; here the last one wins at once and the others are reported.
/// </summary>
public static class FreeJson
{
    private static readonly JsonDocumentOptions s_unique = new() { AllowDuplicateProperties = false };

    /// <summary>
    /// False for what no string can hold: invalid UTF-8, or an escaped surrogate without its other half. Readers notice that only when a value is
    /// looked at, long after the body was judged.
    /// </summary>
    public static bool IsText(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
            return false;
        if (json.IndexOf("\\u"u8) < 0)
            return true;
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                    _ = reader.GetString();
            }
        }
        catch (InvalidOperationException)
        {
            return false;
        }
        catch (JsonException)
        {
            // Not JSON at all: that is for the decoder to say.
        }

        return true;
    }

    /// <summary>A client's text as JSON; null when it is none, or names a member twice.</summary>
    public static JsonNode? TryParse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonNode.Parse(json, documentOptions: s_unique);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte})"/>
    public static JsonNode? TryParse(string json) => TryParse(Encoding.UTF8.GetBytes(json));

    /// <param name="sorted">Members in order of their names, as Go writes maps, instead of as they came.</param>
    internal static JsonNode? Read(ref Utf8JsonReader reader, string path, List<string> strict, bool sorted = false)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadObject(ref reader, path, strict, sorted);
            case JsonTokenType.StartArray:
                var list = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    list.Add(Read(ref reader, $"{path}[{list.Count}]", strict, sorted));
                return list;
            default:
                return JsonNode.Parse(ref reader);
        }
    }

    internal static JsonObject ReadObject(ref Utf8JsonReader reader, string path, List<string> strict, bool sorted)
    {
        var members = new OrderedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            var where = path.Length == 0 ? name : $"{path}.{name}";
            reader.Read();
            if (members.ContainsKey(name))
                strict.Add($"duplicate field \"{where}\"");
            members[name] = Read(ref reader, where, strict, sorted);
        }

        return new JsonObject(sorted ? members.OrderBy(member => member.Key, StringComparer.Ordinal) : members);
    }
}
