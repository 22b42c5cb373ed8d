using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Network.Api.Schema;

/// <summary>The messages that are one value in JSON: times, quantities, int-or-string, durations, raw JSON.</summary>
internal static class ProtobufScalars
{
    public static bool TryRead(FieldType type, ReadOnlySpan<byte> bytes, int depth, out JsonNode? value, out bool zero)
    {
        (value, zero) = (null, bytes.IsEmpty);
        switch (type)
        {
            case FieldType.String:
                value = Encoding.UTF8.GetString(bytes);
                return true;
            case FieldType.Bytes:
                value = Convert.ToBase64String(bytes);
                return true;
            case FieldType.Raw or FieldType.Fields:
                return TryReadRaw(bytes, depth, out value, out zero);
        }

        if (!TryReadThree(bytes, out var first, out var second, out var text))
            return false;
        switch (type)
        {
            case FieldType.Time or FieldType.MicroTime:
                // The zero Go time is the year 1, an empty message on the wire.
                zero = bytes.IsEmpty || first is < -62135596800 or > 253402300799 || (first == -62135596800 && second == 0);
                value = zero ? null : WireTime.Format(DateTimeOffset.FromUnixTimeSeconds(first).AddTicks(second / 100), type == FieldType.MicroTime);
                zero = value is null;
                return true;
            case FieldType.Quantity:
                value = text.Length == 0 ? "0" : Quantities.Quantity.TryParse(text, out var quantity) ? quantity.ToString() : text;
                zero = text.Length == 0;
                return true;
            case FieldType.IntOrString:
                value = first == 1 ? text : (int)second;
                zero = false;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Wrapper lists such as ExtraValue{items=1}, arrays in JSON.</summary>
    public static bool TryReadItems(ReadOnlySpan<byte> bytes, out JsonArray items)
    {
        items = [];
        var wire = new ProtobufReader(bytes);
        while (wire.TryReadField(out _, out var type))
        {
            if (type != WireType.Bytes || !wire.TryReadBytes(out var item))
                return false;
            items.Add((JsonNode)Encoding.UTF8.GetString(item));
        }

        return !wire.Failed;
    }

    // All small messages have the shape {1: varint or string, 2: varint, 3: string}.
    private static bool TryReadThree(ReadOnlySpan<byte> bytes, out long first, out long second, out string text)
    {
        (first, second, text) = (0, 0, "");
        var wire = new ProtobufReader(bytes);
        while (wire.TryReadField(out var number, out var type))
        {
            if (type == WireType.Varint && wire.TryReadVarint(out var scalar))
            {
                if (number == 1)
                    first = (long)scalar;
                else if (number == 2)
                    second = (long)scalar;
            }
            else if (type == WireType.Bytes && wire.TryReadBytes(out var value))
            {
                text = Encoding.UTF8.GetString(value);
            }
            else
            {
                return false;
            }
        }

        return !wire.Failed;
    }

    private static bool TryReadRaw(ReadOnlySpan<byte> bytes, int depth, out JsonNode? value, out bool zero)
    {
        (value, zero) = (null, true);
        var wire = new ProtobufReader(bytes);
        while (wire.TryReadField(out var number, out var type))
        {
            if (type != WireType.Bytes || !wire.TryReadBytes(out var raw))
                return false;
            if (number != 1)
                continue;
            if (!TryReadJsonOrEnvelope(raw, depth, out value))
                return false;
            zero = value is null;
        }

        return !wire.Failed;
    }

    private static bool TryReadJsonOrEnvelope(ReadOnlySpan<byte> raw, int depth, out JsonNode? value)
    {
        value = null;
        if (raw.IsEmpty)
            return true;
        if (raw.StartsWith(ProtobufDecoder.Magic))
            return TryReadEnvelope(raw, depth, out value);
        try
        {
            value = JsonNode.Parse(raw);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool TryReadEnvelope(ReadOnlySpan<byte> raw, int depth, out JsonNode? value)
    {
        value = null;
        if (!ProtobufDecoder.TryReadEnvelope(raw, out var apiVersion, out var kind, out var inner) || ApiSchema.FindKind(apiVersion, kind) is not { } type)
            return false;
        if (!ProtobufDecoder.TryDecode(inner, type, out var message, depth + 1))
            return false;
        message.Insert(0, "kind", kind);
        message.Insert(1, "apiVersion", apiVersion);
        value = message;
        return true;
    }
}
