using System.Text.Json;
using Network.Api.Schema;

namespace Network.ApiServer.Discovery;

/// <summary>Values that are one thing in JSON and have a definition of their own: times, quantities, int-or-string, raw JSON.</summary>
internal static class OpenApiSpecials
{
    /// <summary>The definition of a field type; null for scalars that are written in place.</summary>
    public static string? NameOf(FieldType type) => type switch
    {
        FieldType.Time => "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
        FieldType.MicroTime => "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
        FieldType.Fields => "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
        FieldType.Raw => "io.k8s.apimachinery.pkg.runtime.RawExtension",
        FieldType.IntOrString => "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        FieldType.Quantity => "io.k8s.apimachinery.pkg.api.resource.Quantity",
        _ => null,
    };

    public static void WriteScalar(Utf8JsonWriter writer, FieldType type)
    {
        var (name, format) = type switch
        {
            FieldType.Bool => ("boolean", ""),
            FieldType.Int32 => ("integer", "int32"),
            FieldType.Int64 => ("integer", "int64"),
            FieldType.Double => ("number", "double"),
            FieldType.Bytes => ("string", "byte"),
            _ => ("string", ""),
        };
        writer.WriteString("type"u8, name);
        if (format.Length > 0)
            writer.WriteString("format"u8, format);
    }

    public static void Write(Utf8JsonWriter writer, FieldType type, OpenApiDialect dialect)
    {
        writer.WriteStartObject(NameOf(type)!);
        switch (type)
        {
            case FieldType.Time or FieldType.MicroTime:
                Describe(writer, type == FieldType.Time ? "A time in RFC 3339, to the second." : "A time in RFC 3339, to the microsecond.");
                writer.WriteString("type"u8, "string"u8);
                writer.WriteString("format"u8, "date-time"u8);
                break;
            case FieldType.Quantity:
                Describe(writer, "An amount with an optional suffix: 100m, 1.5, 128Mi, 2G.");
                WriteEither(writer, "number", dialect);
                break;
            case FieldType.IntOrString:
                Describe(writer, "A number or a text, for example a port by number or by name.");
                WriteEither(writer, "integer", dialect);
                writer.WriteString("format"u8, "int-or-string"u8);
                break;
            default:
                Describe(writer, type == FieldType.Fields ? "A set of field paths, as server-side apply keeps it." : "Any JSON object.");
                writer.WriteString("type"u8, "object"u8);
                break;
        }

        writer.WriteEndObject();
    }

    // Swagger 2.0 has no alternatives; "string" is what its readers expect there.
    private static void WriteEither(Utf8JsonWriter writer, string other, OpenApiDialect dialect)
    {
        if (dialect == OpenApiDialect.V2)
        {
            writer.WriteString("type"u8, "string"u8);
            return;
        }

        writer.WriteStartArray("oneOf"u8);
        foreach (var name in (ReadOnlySpan<string>)["string", other])
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, name);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Describe(Utf8JsonWriter writer, string text) => writer.WriteString("description"u8, text);
}
