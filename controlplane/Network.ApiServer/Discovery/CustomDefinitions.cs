using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.CustomResources;
using Network.ApiServer.Registry;
using Network.ApiServer.Storage;
using Network.Store;

namespace Network.ApiServer.Discovery;

/// <summary>Schemas of custom kinds for OpenAPI, read from their definitions when a document is built.</summary>
internal sealed class CustomDefinitions(ObjectRegistry registry)
{
    // What swagger 2.0 has no word for, or old clients stumble over (apiextensions, controller/openapi/v2).
    private static readonly HashSet<string> s_newer =
        ["default", "nullable", "oneOf", "anyOf", "allOf", "not", "x-kubernetes-validations", "example", "externalDocs", "id", "$schema"];

    // Of the object itself: these are written by whoever writes the definition.
    private static readonly HashSet<string> s_own = ["properties", "type", "description", .. s_newer];

    // Asked for every document of every request; what is stored under a revision never changes.
    private readonly ConditionalWeakTable<StoreEntry, string> _marks = [];

    public JsonObject SchemaOf(ResourceInfo resource) =>
        DefinitionOf(resource)?.Items("spec", "versions").FirstOrDefault(v => v.Text("name") == resource.Version).At("schema", "openAPIV3Schema") as JsonObject ?? [];

    /// <summary>Changes whenever the definition says something else.</summary>
    public string MarkOf(ResourceInfo resource) => EntryOf(resource) is { } entry ? _marks.GetValue(entry, Mark) : "";

    /// <summary>The properties of the root, but for those every object has.</summary>
    public void WriteProperties(Utf8JsonWriter writer, JsonObject source, OpenApiDialect dialect)
    {
        if (source["properties"] is not JsonObject properties || (dialect == OpenApiDialect.V2 && IsOpen(source)))
            return;
        foreach (var (name, schema) in properties)
        {
            if (name is "apiVersion" or "kind" or "metadata")
                continue;
            writer.WritePropertyName(name);
            WriteSchema(writer, schema, dialect);
        }
    }

    /// <summary>What else the root says: required members and extensions.</summary>
    public void WriteKeywords(Utf8JsonWriter writer, JsonObject source, OpenApiDialect dialect)
    {
        foreach (var (name, value) in source)
        {
            if (s_own.Contains(name) && (dialect == OpenApiDialect.V2 || name is "properties" or "type" or "description"))
                continue;
            writer.WritePropertyName(name);
            WriteKeyword(writer, name, value, dialect);
        }
    }

    private static void WriteSchema(Utf8JsonWriter writer, JsonNode? schema, OpenApiDialect dialect)
    {
        if (schema is not JsonObject source || dialect == OpenApiDialect.V3)
        {
            Write(writer, schema);
            return;
        }

        // A value that may be null, or anything, is no type that swagger 2.0 could name.
        var untyped = source.Flag("nullable") == true || source.Flag("x-kubernetes-int-or-string") == true;
        writer.WriteStartObject();
        foreach (var (name, value) in source)
        {
            if (s_newer.Contains(name) || (untyped && name is "type" or "properties" or "items") || (IsOpen(source) && name is "properties" or "items"))
                continue;
            writer.WritePropertyName(name);
            WriteKeyword(writer, name, value, dialect);
        }

        writer.WriteEndObject();
    }

    private static void WriteKeyword(Utf8JsonWriter writer, string name, JsonNode? value, OpenApiDialect dialect)
    {
        if (name == "properties" && value is JsonObject properties)
        {
            writer.WriteStartObject();
            foreach (var (member, schema) in properties)
            {
                writer.WritePropertyName(member);
                WriteSchema(writer, schema, dialect);
            }

            writer.WriteEndObject();
        }
        else if (name is "items" or "additionalProperties")
        {
            WriteSchema(writer, value, dialect);
        }
        else
        {
            Write(writer, value);
        }
    }

    private static bool IsOpen(JsonObject source) => source.Flag("x-kubernetes-preserve-unknown-fields") == true;

    private static void Write(Utf8JsonWriter writer, JsonNode? value)
    {
        if (value is null)
            writer.WriteNullValue();
        else
            value.WriteTo(writer);
    }

    private static string Mark(StoreEntry entry)
    {
        var metadata = ObjectBytes.Decode(Definition.Resource, entry)["metadata"];
        return $"{metadata.Text("uid")}/{metadata.Number("generation")}";
    }

    private StoreEntry? EntryOf(ResourceInfo resource) => registry.Store.Get(Definition.Resource.Key("", $"{resource.Plural}.{resource.Group}"));

    private JsonObject? DefinitionOf(ResourceInfo resource) => EntryOf(resource) is { } entry ? ObjectBytes.Decode(Definition.Resource, entry) : null;
}
