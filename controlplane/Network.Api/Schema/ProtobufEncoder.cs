using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace Network.Api.Schema;

/// <summary>
/// Encodes an object's canonical JSON as Kubernetes protobuf, token by token without a tree. What JSON leaves out is left out here too: decoders of generated
/// code read an absent field as its zero.
/// </summary>
public ref struct ProtobufEncoder
{
    private const int MaxDepth = 256;

    private readonly ReadOnlySpan<byte> _json;
    private readonly ProtobufWriter _out;
    private Utf8JsonReader _reader;

    private ProtobufEncoder(ReadOnlySpan<byte> json, ProtobufWriter into)
    {
        _json = json;
        _out = into;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
    }

    /// <summary>Writes the envelope <c>k8s\0</c> around the object.</summary>
    public static void WriteEnvelope(ProtobufWriter into, string apiVersion, string kind, ReadOnlySpan<byte> json, MessageType type)
    {
        var raw = BeginEnvelope(into, apiVersion, kind);
        WriteMessage(into, json, type);
        EndEnvelope(into, raw);
    }

    /// <summary>Writes the head of an envelope; the object's fields come next, then <see cref="EndEnvelope"/>.</summary>
    public static int BeginEnvelope(ProtobufWriter into, string apiVersion, string kind)
    {
        into.Raw(ProtobufDecoder.Magic);
        var meta = into.Open(1);
        into.Text(1, apiVersion);
        into.Text(2, kind);
        into.Close(meta);
        return into.Open(2);
    }

    public static void EndEnvelope(ProtobufWriter into, int raw)
    {
        into.Close(raw);
        into.Text(3, "");
        into.Text(4, "");
    }

    /// <summary>Writes the fields of a message from its JSON object.</summary>
    public static void WriteMessage(ProtobufWriter into, ReadOnlySpan<byte> json, MessageType type)
    {
        var encoder = new ProtobufEncoder(json, into);
        encoder._reader.Read();
        encoder.WriteFields(type);
    }

    // The reader stands on the opening brace before, and on the closing brace after.
    private void WriteFields(MessageType type)
    {
        var start = _reader;
        var first = _out.BeginFields();
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = Find(type);
            _reader.Read();
            if (field is null || _reader.TokenType == JsonTokenType.Null)
            {
                _reader.Skip();
                continue;
            }

            _out.BeginField(field.Number);
            WriteField(field);
        }

        if (type.HasInline)
            WriteInline(type, start);
        _out.EndFields(first);
    }

    // Flat in JSON, nested on the wire: the same object is read again for each nested part.
    private void WriteInline(MessageType type, Utf8JsonReader start)
    {
        var end = _reader;
        foreach (var field in type.WireFields)
        {
            if (!field.Has(FieldFlags.Inline))
                continue;
            _reader = start;
            _out.BeginField(field.Number);
            var mark = _out.Open(field.Number);
            WriteFields(field.Message!);
            _out.Close(mark);
        }

        _reader = end;
    }

    private readonly Field? Find(MessageType type)
    {
        Span<char> name = stackalloc char[64];
        if (_reader.ValueSpan.Length > name.Length)
            return null;
        return type.OwnField(name[.._reader.CopyString(name)]);
    }

    private void WriteField(Field field)
    {
        switch (field.Shape)
        {
            case FieldShape.Single:
                WriteValue(field, field.Number);
                break;
            case FieldShape.List:
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                    WriteValue(field, field.Number);
                break;
            default:
                WriteMap(field);
                break;
        }
    }

    private void WriteMap(Field field)
    {
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var entry = _out.Open(field.Number);
            WriteText(1);
            _reader.Read();
            if (_reader.TokenType == JsonTokenType.Null && field.Type != FieldType.Raw)
            {
                // An entry without a value is one with the zero value.
                _out.Bytes(2, []);
            }
            else if (field.Shape == FieldShape.MapOfLists)
            {
                var items = _out.Open(2);
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                    WriteText(1);
                _out.Close(items);
            }
            else
            {
                WriteValue(field, 2);
            }

            _out.Close(entry);
        }
    }

    private void WriteValue(Field field, int number)
    {
        switch (field.Type)
        {
            case FieldType.Bool:
                _out.Scalar(number, _reader.TokenType == JsonTokenType.True ? 1u : 0u);
                break;
            case FieldType.Int32 or FieldType.Int64:
                _out.Scalar(number, (ulong)_reader.GetInt64());
                break;
            case FieldType.Double:
                _out.Fixed64(number, _reader.GetDouble());
                break;
            case FieldType.String:
                WriteText(number);
                break;
            case FieldType.Bytes:
                WriteBase64(number);
                break;
            default:
                var mark = _out.Open(number);
                WriteNested(field);
                _out.Close(mark);
                break;
        }
    }

    private void WriteNested(Field field)
    {
        switch (field.Type)
        {
            case FieldType.Message:
                WriteFields(field.Message!);
                break;
            case FieldType.Union:
                WriteUnion(field);
                break;
            case FieldType.Time or FieldType.MicroTime:
                WriteTime();
                break;
            case FieldType.Quantity:
                WriteText(1);
                break;
            case FieldType.IntOrString:
                var text = _reader.TokenType == JsonTokenType.String;
                _out.Scalar(1, text ? 1u : 0u);
                _out.Scalar(2, text ? 0 : (ulong)_reader.GetInt64());
                if (text)
                    WriteText(3);
                else
                    _out.Bytes(3, []);
                break;
            default:
                var from = (int)_reader.TokenStartIndex;
                _reader.Skip();
                _out.Bytes(1, _json[from..(int)_reader.BytesConsumed]);
                break;
        }
    }

    // Go sets "allows" beside a schema, so that old readers that know only the flag read it as "anything".
    private void WriteUnion(Field field)
    {
        if (field.Alternative(_reader.TokenType) is not { } alternative)
        {
            _reader.Skip();
            return;
        }

        if (alternative.Type == FieldType.Message && field.Alternative(JsonTokenType.True) is { } flag)
            _out.Scalar(flag.Number, 1);
        WriteField(alternative);
    }

    private void WriteTime()
    {
        if (!_reader.TryGetDateTimeOffset(out var time) && !DateTimeOffset.TryParse(_reader.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time))
            return;
        _out.Scalar(1, (ulong)time.ToUnixTimeSeconds());
        _out.Scalar(2, (ulong)(time.UtcTicks % TimeSpan.TicksPerSecond * 100));
    }

    private void WriteText(int number)
    {
        var mark = _out.Open(number);
        _out.Advance(_reader.CopyString(_out.Reserve(_reader.ValueSpan.Length)));
        _out.Close(mark);
    }

    private void WriteBase64(int number)
    {
        var mark = _out.Open(number);
        var room = _out.Reserve(_reader.ValueSpan.Length);
        var length = _reader.CopyString(room);
        Base64.DecodeFromUtf8InPlace(room[..length], out var written);
        _out.Advance(written);
        _out.Close(mark);
    }
}
