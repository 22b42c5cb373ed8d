using System.Buffers;
using System.Globalization;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Network.Api.Schema;

/// <summary>Turns a YAML body into JSON text, event by event, so that duplicates and order survive for the strict decoder to judge.</summary>
public static class YamlBody
{
    private const int MaxDepth = 100;

    /// <exception cref="YamlException">The text is not YAML, or uses anchors.</exception>
    public static byte[] ToJson(string yaml)
    {
        var parser = new Parser(new StringReader(yaml));
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
                writer.WriteNullValue();
            else
                WriteDocument(parser, writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteDocument(Parser parser, Utf8JsonWriter writer)
    {
        parser.Consume<DocumentStart>();
        WriteNode(parser, writer, 0);
        parser.Consume<DocumentEnd>();
    }

    private static void WriteNode(Parser parser, Utf8JsonWriter writer, int depth)
    {
        if (depth > MaxDepth)
            throw new YamlException($"nested deeper than {MaxDepth}");
        if (parser.TryConsume<Scalar>(out var scalar))
        {
            WriteScalar(scalar, writer);
        }
        else if (parser.TryConsume<SequenceStart>(out _))
        {
            writer.WriteStartArray();
            while (!parser.TryConsume<SequenceEnd>(out _))
                WriteNode(parser, writer, depth + 1);
            writer.WriteEndArray();
        }
        else if (parser.TryConsume<MappingStart>(out _))
        {
            writer.WriteStartObject();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                writer.WritePropertyName(parser.Consume<Scalar>().Value);
                WriteNode(parser, writer, depth + 1);
            }

            writer.WriteEndObject();
        }
        else
        {
            // Anchors make "billion laughs" bodies possible and no client sends them.
            throw new YamlException("anchors and aliases are not supported");
        }
    }

    private static void WriteScalar(Scalar scalar, Utf8JsonWriter writer)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain)
            writer.WriteStringValue(text);
        else if (text is "" or "~" or "null" or "Null" or "NULL")
            writer.WriteNullValue();
        else if (text is "true" or "True" or "TRUE" or "yes" or "Yes" or "on" or "On")
            writer.WriteBooleanValue(true);
        else if (text is "false" or "False" or "FALSE" or "no" or "No" or "off" or "Off")
            writer.WriteBooleanValue(false);
        else if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            writer.WriteNumberValue(whole);
        else if (char.IsAsciiDigit(text[^1]) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real))
            writer.WriteNumberValue(real);
        else
            writer.WriteStringValue(text);
    }
}
