using System.Buffers;
using System.Text.Json;
using Network.Api.Resources;

namespace Network.ApiServer.Discovery;

/// <summary>The OpenAPI documents, built from the catalog and the schema table when somebody asks.</summary>
internal static class OpenApiDocuments
{
    private static readonly JsonWriterOptions s_options = new() { SkipValidation = true };

    /// <summary>One group version in OpenAPI 3.0.</summary>
    public static ArrayBufferWriter<byte> V3(IReadOnlyList<ResourceInfo> resources, CustomDefinitions custom)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        using var writer = new Utf8JsonWriter(buffer, s_options);
        var schemas = new OpenApiSchemas(writer, OpenApiDialect.V3, custom);
        writer.WriteStartObject();
        writer.WriteString("openapi"u8, "3.0.0"u8);
        WriteInfo(writer);
        WritePaths(writer, resources, new OpenApiPaths(writer, OpenApiDialect.V3, schemas));
        writer.WriteStartObject("components"u8);
        writer.WriteStartObject("schemas"u8);
        schemas.WriteAll(resources);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return buffer;
    }

    /// <summary>Everything in swagger 2.0.</summary>
    public static ArrayBufferWriter<byte> V2(IReadOnlyList<ResourceInfo> resources, CustomDefinitions custom)
    {
        var buffer = new ArrayBufferWriter<byte>(1024 * 1024);
        using var writer = new Utf8JsonWriter(buffer, s_options);
        var schemas = new OpenApiSchemas(writer, OpenApiDialect.V2, custom);
        writer.WriteStartObject();
        writer.WriteString("swagger"u8, "2.0"u8);
        WriteInfo(writer);
        WritePaths(writer, resources, new OpenApiPaths(writer, OpenApiDialect.V2, schemas));
        writer.WriteStartObject("definitions"u8);
        schemas.WriteAll(resources);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return buffer;
    }

    private static void WriteInfo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("info"u8);
        writer.WriteString("title"u8, "Kubernetes"u8);
        writer.WriteString("version"u8, ServerVersion.Git);
        writer.WriteEndObject();
    }

    private static void WritePaths(Utf8JsonWriter writer, IReadOnlyList<ResourceInfo> resources, OpenApiPaths paths)
    {
        writer.WriteStartObject("paths"u8);
        foreach (var resource in resources)
            paths.Write(resource);
        writer.WriteEndObject();
    }
}
