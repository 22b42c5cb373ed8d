using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.Api.Structural;

/// <summary>
/// Reads a custom object: metadata by its type, all else as it is with members in order of their names, then prunes what the schema does not
/// know. Wrong types are left for the validator, which names all of them with their paths.
/// </summary>
internal static class StructuralDecoder
{
    private const int MaxDepth = 100;

    /// <exception cref="JsonException">The text is not a JSON object.</exception>
    internal static Decoded Decode(ReadOnlySpan<byte> json, StructuralSchema schema)
    {
        var strict = new List<string>();
        var types = new List<string>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("the body is not a JSON object");
        var value = FreeJson.ReadObject(ref reader, "", strict, sorted: true);
        if (reader.Read())
            throw new JsonException("trailing data after the JSON object");
        if (value["metadata"] is JsonObject metadata)
        {
            var typed = JsonDecoder.Decode(System.Text.Encoding.UTF8.GetBytes(metadata.ToJsonString()), ApiSchema.Get("meta.v1.ObjectMeta"));
            value["metadata"] = typed.Object;
            strict.AddRange(typed.StrictFaults.Select(fault => fault.Replace("field \"", "field \"metadata.", StringComparison.Ordinal)));
            types.AddRange(typed.TypeFaults);
        }

        StructuralPruner.Prune(value, schema, strict);
        return new Decoded(value, strict, types);
    }
}
