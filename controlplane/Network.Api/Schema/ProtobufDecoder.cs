using System.Text;
using System.Text.Json.Nodes;

namespace Network.Api.Schema;

/// <summary>
/// Decodes Kubernetes protobuf bodies to JSON objects:
/// <code>
/// 6b 38 73 00 | Unknown{ 1: TypeMeta{1: apiVersion, 2: kind}, 2: raw, 3: contentEncoding, 4: contentType }
/// </code>
/// gogo-proto writes proto2 non-pointer fields even when they are zero; those count as absent, the way Go's omitempty drops them from JSON.
/// </summary>
public static class ProtobufDecoder
{
    private const int MaxDepth = 64;

    public static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>Splits the envelope. False when the bytes are not one.</summary>
    public static bool TryReadEnvelope(ReadOnlySpan<byte> body, out string apiVersion, out string kind, out ReadOnlySpan<byte> raw)
    {
        (apiVersion, kind) = ("", "");
        raw = default;
        if (!body.StartsWith(Magic))
            return false;
        var wire = new ProtobufReader(body[Magic.Length..]);
        while (wire.TryReadField(out var number, out var type))
        {
            if (type != WireType.Bytes || !wire.TryReadBytes(out var value))
                return false;
            if (number == 1 && !TryReadTypeMeta(value, out apiVersion, out kind))
                return false;
            if (number == 2)
                raw = value;
        }

        return !wire.Failed;
    }

    /// <summary>Decodes a message of the given type; false when the bytes are malformed.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> raw, MessageType type, out JsonObject value) => TryDecode(raw, type, out value, 0);

    internal static bool TryDecode(ReadOnlySpan<byte> raw, MessageType type, out JsonObject value, int depth)
    {
        value = [];
        return TryReadMessage(raw, type, value, depth);
    }

    private static bool TryReadTypeMeta(ReadOnlySpan<byte> bytes, out string apiVersion, out string kind)
    {
        (apiVersion, kind) = ("", "");
        var wire = new ProtobufReader(bytes);
        while (wire.TryReadField(out var number, out var type))
        {
            if (type != WireType.Bytes || !wire.TryReadBytes(out var value))
                return false;
            if (number == 1)
                apiVersion = Encoding.UTF8.GetString(value);
            else if (number == 2)
                kind = Encoding.UTF8.GetString(value);
        }

        return !wire.Failed;
    }

    private static bool TryReadMessage(ReadOnlySpan<byte> bytes, MessageType type, JsonObject into, int depth)
    {
        if (depth > MaxDepth)
            return false;
        var wire = new ProtobufReader(bytes);
        while (wire.TryReadField(out var number, out var wireType))
        {
            var field = type.ByNumber(number);
            if (field is null)
            {
                if (!wire.TrySkip(wireType))
                    return false;
                continue;
            }

            if (!TryReadField(ref wire, wireType, field, into, depth))
                return false;
        }

        return !wire.Failed;
    }

    private static bool TryReadField(ref ProtobufReader wire, WireType wireType, Field field, JsonObject into, int depth)
    {
        if (!TryReadRaw(ref wire, wireType, out var scalar, out var bytes))
            return false;
        if (field.Has(FieldFlags.Inline))
            return wireType == WireType.Bytes && TryReadMessage(bytes, field.Message!, into, depth + 1);
        if (field.Shape is FieldShape.Map or FieldShape.MapOfLists)
            return wireType == WireType.Bytes && TryReadMapEntry(bytes, field, MapIn(into, field), depth);
        if (!TryReadValue(field, wireType, scalar, bytes, depth, out var value, out var zero))
            return false;
        if (field.Shape == FieldShape.List)
            ListIn(into, field).Add(value);
        else if (!zero || field.Has(FieldFlags.KeepsZero | FieldFlags.Required))
            into[field.Name] = value;
        return true;
    }

    private static JsonObject MapIn(JsonObject into, Field field)
    {
        if (into[field.Name] is not JsonObject map)
            into[field.Name] = map = [];
        return map;
    }

    private static JsonArray ListIn(JsonObject into, Field field)
    {
        if (into[field.Name] is not JsonArray list)
            into[field.Name] = list = [];
        return list;
    }

    private static bool TryReadRaw(ref ProtobufReader wire, WireType type, out ulong scalar, out ReadOnlySpan<byte> bytes)
    {
        scalar = 0;
        bytes = default;
        return type switch
        {
            WireType.Varint => wire.TryReadVarint(out scalar),
            WireType.Fixed64 => wire.TryReadFixed64(out scalar),
            WireType.Bytes => wire.TryReadBytes(out bytes),
            _ => false,
        };
    }

    private static bool TryReadMapEntry(ReadOnlySpan<byte> entry, Field field, JsonObject map, int depth)
    {
        var wire = new ProtobufReader(entry);
        var key = "";
        JsonNode? value = null;
        while (wire.TryReadField(out var number, out var type))
        {
            if (!TryReadRaw(ref wire, type, out var scalar, out var bytes))
                return false;
            if (number == 1 && type == WireType.Bytes)
                key = Encoding.UTF8.GetString(bytes);
            else if (number == 2 && field.Shape == FieldShape.MapOfLists)
                value = type == WireType.Bytes && ProtobufScalars.TryReadItems(bytes, out var items) ? items : null;
            else if (number == 2 && !TryReadValue(field, type, scalar, bytes, depth, out value, out _))
                return false;
        }

        map[key] = value ?? (field.Type is FieldType.String or FieldType.Bytes ? "" : field.Type == FieldType.Message ? new JsonObject() : null);
        return !wire.Failed;
    }

    private static bool TryReadValue(Field field, WireType wireType, ulong scalar, ReadOnlySpan<byte> bytes, int depth, out JsonNode? value, out bool zero)
    {
        (value, zero) = (null, false);
        if (field.Type == FieldType.Message)
        {
            var message = new JsonObject();
            value = message;
            return wireType == WireType.Bytes && TryReadMessage(bytes, field.Message!, message, depth + 1);
        }

        if (field.Type == FieldType.Union)
            return wireType == WireType.Bytes && TryReadUnion(bytes, field.UnionOf!, depth + 1, out value);

        if (field.Type is FieldType.Bool or FieldType.Int32 or FieldType.Int64)
        {
            zero = scalar == 0;
            value = field.Type switch
            {
                FieldType.Bool => scalar != 0,
                FieldType.Int32 => (int)scalar,
                _ => (JsonNode)(long)scalar,
            };
            return wireType == WireType.Varint;
        }

        if (field.Type == FieldType.Double)
        {
            zero = scalar == 0;
            value = BitConverter.UInt64BitsToDouble(scalar);
            return wireType == WireType.Fixed64;
        }

        return wireType == WireType.Bytes && ProtobufScalars.TryRead(field.Type, bytes, depth, out value, out zero);
    }

    // "A schema, or true": the alternatives are fields of one message on the wire and one bare value in JSON; the message alternative wins.
    private static bool TryReadUnion(ReadOnlySpan<byte> bytes, MessageType union, int depth, out JsonNode? value)
    {
        var members = new JsonObject();
        value = false;
        if (!TryReadMessage(bytes, union, members, depth))
            return false;
        foreach (var field in union.WireFields)
        {
            if (members.Remove(field.Name, out var member))
                value = member;
        }

        return true;
    }
}
