using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Quantities;
using Network.Api.Structural;

namespace Network.Api.Schema;

/// <summary>
/// Reads a JSON body against the schema: unknown fields are dropped and reported, the last of duplicates wins and is reported, nulls vanish, wrong types
/// are reported in the words of Go's decoder because people search for those words.
/// </summary>
public ref struct JsonDecoder
{
    private const int MaxDepth = 100;

    private readonly List<string> _strict;
    private readonly List<string> _types;
    private Utf8JsonReader _reader;

    private JsonDecoder(ReadOnlySpan<byte> json)
    {
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        _strict = [];
        _types = [];
    }

    /// <exception cref="JsonException">The text is not a JSON object.</exception>
    public static Decoded Decode(ReadOnlySpan<byte> json, MessageType type)
    {
        if (type.Structure is { } structure)
            return StructuralDecoder.Decode(json, structure);
        var decoder = new JsonDecoder(json);
        if (!decoder._reader.Read() || decoder._reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("the body is not a JSON object");
        var value = decoder.ReadObject(type, "", true);
        if (decoder._reader.Read())
            throw new JsonException("trailing data after the JSON object");
        return new Decoded(value, decoder._strict, decoder._types);
    }

    private JsonObject ReadObject(MessageType type, string path, bool top)
    {
        var result = new JsonObject();
        HashSet<string>? seen = null;
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var name = _reader.GetString()!;
            var where = path.Length == 0 ? name : path + "." + name;
            _reader.Read();
            if (!(seen ??= new(StringComparer.Ordinal)).Add(name))
                _strict.Add($"duplicate field \"{where}\"");
            if (top && name is "kind" or "apiVersion" && type.ByName(name) is null)
            {
                if (_reader.TokenType == JsonTokenType.String)
                    result[name] = _reader.GetString();
                else
                    WrongType("string", type, where);
                continue;
            }

            var field = type.ByName(name);
            if (field is null)
            {
                _strict.Add($"unknown field \"{where}\"");
                _reader.Skip();
                continue;
            }

            if (ReadField(field, type, where) is { } value)
                result[name] = value;
            else
                result.Remove(name);
        }

        return result;
    }

    private JsonNode? ReadField(Field field, MessageType owner, string path)
    {
        if (_reader.TokenType == JsonTokenType.Null)
            return null;
        switch (field.Shape)
        {
            case FieldShape.Single:
                return ReadValue(field, owner, path);
            case FieldShape.List:
                return ReadList(field, owner, path);
            default:
                return ReadMap(field, owner, path);
        }
    }

    private JsonArray? ReadList(Field field, MessageType owner, string path)
    {
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            WrongType("[]" + GoType(field), owner, path);
            return null;
        }

        var list = new JsonArray();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            var where = $"{path}[{list.Count}]";
            if (_reader.TokenType == JsonTokenType.Null)
                list.Add((JsonNode?)(field.Type == FieldType.Message ? new JsonObject() : ""));
            else if (ReadValue(field, owner, where) is { } value)
                list.Add(value);
        }

        return list;
    }

    private JsonObject? ReadMap(Field field, MessageType owner, string path)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            WrongType("map[string]" + GoType(field), owner, path);
            return null;
        }

        var map = new JsonObject();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var key = _reader.GetString()!;
            _reader.Read();
            var where = $"{path}.{key}";
            if (map.ContainsKey(key))
                _strict.Add($"duplicate field \"{where}\"");
            if (_reader.TokenType == JsonTokenType.Null)
                map[key] = field.Type is FieldType.String or FieldType.Bytes ? "" : null;
            else if ((field.Shape == FieldShape.MapOfLists ? ReadList(field, owner, where) : ReadValue(field, owner, where)) is { } value)
                map[key] = value;
        }

        return map;
    }

    private JsonNode? ReadValue(Field field, MessageType owner, string path)
    {
        switch (field.Type)
        {
            case FieldType.Message:
                if (_reader.TokenType == JsonTokenType.StartObject)
                    return ReadObject(field.Message!, path, false);
                return WrongType(field.Message!.Name, owner, path);
            case FieldType.Union:
                return field.Alternative(_reader.TokenType) is { } alternative ? ReadField(alternative, owner, path) : WrongType(field.UnionOf!.TypeName, owner, path);
            case FieldType.Raw or FieldType.Fields:
                return FreeJson.Read(ref _reader, path, _strict);
            case FieldType.Bool:
                return _reader.TokenType is JsonTokenType.True or JsonTokenType.False ? _reader.GetBoolean() : WrongType("bool", owner, path);
            case FieldType.Int32:
                return _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt32(out var i) ? i : WrongType("int32", owner, path);
            case FieldType.Int64:
                return _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out var l) ? l : WrongType("int64", owner, path);
            case FieldType.Double:
                return _reader.TokenType == JsonTokenType.Number ? _reader.GetDouble() : WrongType("float64", owner, path);
            case FieldType.IntOrString:
                return ReadIntOrString(owner, path);
            case FieldType.Quantity:
                return ReadQuantity(owner, path);
            default:
                return ReadString(field, owner, path);
        }
    }

    private JsonNode? ReadIntOrString(MessageType owner, string path)
    {
        if (_reader.TokenType == JsonTokenType.String)
            return _reader.GetString();
        return _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt32(out var number) ? number : WrongType("intstr.IntOrString", owner, path);
    }

    private JsonNode? ReadQuantity(MessageType owner, string path)
    {
        if (_reader.TokenType is not (JsonTokenType.String or JsonTokenType.Number))
            return WrongType("resource.Quantity", owner, path);
        var text = _reader.TokenType == JsonTokenType.String ? _reader.GetString()! : System.Text.Encoding.UTF8.GetString(_reader.ValueSpan);
        if (Quantity.TryParse(text, out var quantity))
            return quantity.ToString();
        _types.Add("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' (" + path + ": \"" + text + "\")");
        return null;
    }

    private JsonNode? ReadString(Field field, MessageType owner, string path)
    {
        if (_reader.TokenType != JsonTokenType.String)
            return WrongType(GoType(field), owner, path);
        var text = _reader.GetString()!;
        switch (field.Type)
        {
            case FieldType.Bytes when !TryBase64(text):
                _types.Add($"illegal base64 data in {path}");
                return null;
            case FieldType.Time or FieldType.MicroTime:
                if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                    return WireTime.Format(time, field.Type == FieldType.MicroTime);
                _types.Add($"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" ({path})");
                return null;
            default:
                return text;
        }
    }

    private static bool TryBase64(string text) => System.Buffers.Text.Base64.IsValid(text.AsSpan());

    private JsonNode? WrongType(string wanted, MessageType owner, string path)
    {
        var got = _reader.TokenType switch
        {
            JsonTokenType.String => "string",
            JsonTokenType.Number => "number",
            JsonTokenType.True or JsonTokenType.False => "bool",
            JsonTokenType.StartArray => "array",
            _ => "object",
        };
        _types.Add($"json: cannot unmarshal {got} into Go struct field {owner.TypeName}.{path} of type {wanted}");
        _reader.Skip();
        return null;
    }

    private static string GoType(Field field) => field.Type switch
    {
        FieldType.Message => field.Message!.Name[(field.Message.Name.IndexOf('.') + 1)..],
        FieldType.Bytes => "[]uint8",
        FieldType.Time => "v1.Time",
        FieldType.MicroTime => "v1.MicroTime",
        FieldType.Int32 => "int32",
        FieldType.Int64 => "int64",
        FieldType.Bool => "bool",
        _ => "string",
    };
}
