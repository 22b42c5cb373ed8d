using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Network.Api.Schema;

/// <summary>
/// Writes an object in one spelling: kind, apiVersion, metadata first, fields in schema order, map keys sorted, empty lists and maps left out. Equal
/// objects therefore have equal bytes, which is how a write that changes nothing is recognised.
/// </summary>
public static class CanonicalJson
{
    private static readonly Field s_raw = new(0, "", FieldType.Raw, FieldShape.Single, FieldFlags.None, null);
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static byte[] Write(JsonObject value, MessageType type)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, s_options))
            WriteMessage(writer, value, type, true);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteMessage(Utf8JsonWriter writer, JsonObject value, MessageType type, bool top)
    {
        writer.WriteStartObject();
        if (top)
        {
            WriteText(writer, value, "kind");
            WriteText(writer, value, "apiVersion");
        }

        foreach (var field in type.JsonFields)
        {
            if (!value.TryGetPropertyValue(field.Name, out var member) || (member is null ? !field.Has(FieldFlags.Nullable) : IsEmpty(member, field)))
                continue;
            writer.WritePropertyName(field.Name);
            if (member is null)
                writer.WriteNullValue();
            else
                WriteField(writer, member, field);
        }

        if (type.Structure is not null)
            WriteUnknown(writer, value, type);
        writer.WriteEndObject();
    }

    // What pruning left of a custom object without being in the schema: the schema keeps unknown members at its root.
    private static void WriteUnknown(Utf8JsonWriter writer, JsonObject value, MessageType type)
    {
        foreach (var (name, member) in value.Where(m => m.Key is not ("kind" or "apiVersion") && type.ByName(m.Key) is null).OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            writer.WritePropertyName(name);
            WriteItem(writer, member, s_raw);
        }
    }

    private static void WriteText(Utf8JsonWriter writer, JsonObject value, string name)
    {
        if (value[name] is JsonValue text)
            writer.WriteString(name, text.GetValue<string>());
    }

    private static bool IsEmpty(JsonNode member, Field field) => !field.Has(FieldFlags.KeepsZero) && field.Shape switch
    {
        FieldShape.List => member is JsonArray { Count: 0 } && !field.Has(FieldFlags.Required),
        FieldShape.Map or FieldShape.MapOfLists => member is JsonObject { Count: 0 },
        _ => false,
    };

    private static void WriteField(Utf8JsonWriter writer, JsonNode member, Field field)
    {
        switch (member)
        {
            case JsonArray list when field.Shape == FieldShape.List:
                writer.WriteStartArray();
                foreach (var item in list)
                    WriteItem(writer, item, field);
                writer.WriteEndArray();
                break;
            case JsonObject map when field.Shape is FieldShape.Map or FieldShape.MapOfLists:
                writer.WriteStartObject();
                foreach (var (key, item) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(key);
                    WriteItem(writer, item, field);
                }

                writer.WriteEndObject();
                break;
            default:
                WriteItem(writer, member, field);
                break;
        }
    }

    private static void WriteItem(Utf8JsonWriter writer, JsonNode? item, Field field)
    {
        if (item is null)
            writer.WriteNullValue();
        else if (item is JsonObject message && field.Type == FieldType.Message)
            WriteMessage(writer, message, field.Message!, false);
        else if (field.Type == FieldType.Union && field.Alternative(TokenOf(item)) is { } alternative)
            WriteField(writer, item, alternative);
        else
            item.WriteTo(writer);
    }

    private static JsonTokenType TokenOf(JsonNode item) =>
        item is JsonObject ? JsonTokenType.StartObject : item is JsonArray ? JsonTokenType.StartArray : JsonTokenType.True;
}
