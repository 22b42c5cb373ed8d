using System.Text.Json;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.ApiServer.Discovery;

/// <summary>Writes the schema table as JSON schemas: every message that something refers to, once.</summary>
internal sealed class OpenApiSchemas(Utf8JsonWriter writer, OpenApiDialect dialect, CustomDefinitions custom)
{
    private readonly Queue<MessageType> _pending = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MessageType> _unions = [];
    private readonly SortedSet<FieldType> _special = [];
    private readonly ApiDocs _docs = new();

    private string Prefix => dialect == OpenApiDialect.V2 ? "#/definitions/" : "#/components/schemas/";

    /// <summary>Writes a reference to a message and remembers to write the message.</summary>
    public void Reference(MessageType type)
    {
        Remember(type);
        writer.WriteString("$ref"u8, Prefix + OpenApiNames.Of(type));
    }

    /// <summary>Writes a reference to the list form of a resource, which <see cref="WriteAll"/> writes for all of them.</summary>
    public void ReferenceList(ResourceInfo resource) => writer.WriteString("$ref"u8, Prefix + OpenApiNames.ListOf(resource));

    /// <summary>Writes the resources' schemas, their lists and everything below, as members of the object that is open.</summary>
    public void WriteAll(IReadOnlyList<ResourceInfo> resources)
    {
        foreach (var resource in resources.Where(r => !r.Has(ResourceTraits.CreateOnly) || r.Has(ResourceTraits.ReadOnly)).DistinctBy(OpenApiNames.ListOf))
            WriteList(resource, resources);
        foreach (var resource in resources)
            Remember(resource.Schema);
        while (_pending.TryDequeue(out var type))
        {
            if (type.Structure is null)
                WriteMessage(type, resources);
            else
                WriteCustom(resources.First(r => r.CustomSchema == type));
        }

        foreach (var (name, union) in _unions)
        {
            writer.WriteStartObject(name);
            Describe(_docs.Of(union));
            writer.WriteEndObject();
        }

        foreach (var type in _special)
            OpenApiSpecials.Write(writer, type, dialect);
    }

    private void WriteList(ResourceInfo resource, IReadOnlyList<ResourceInfo> all)
    {
        writer.WriteStartObject(OpenApiNames.ListOf(resource));
        Describe($"A list of {resource.Kind} objects.");
        writer.WriteString("type"u8, "object"u8);
        writer.WriteStartArray("required"u8);
        writer.WriteStringValue("items"u8);
        writer.WriteEndArray();
        writer.WriteStartObject("properties"u8);
        WriteTypeMeta();
        writer.WriteStartObject("metadata"u8);
        WriteReference(ApiSchema.Get("meta.v1.ListMeta"), _docs.Of("meta.v1.ListMeta"));
        writer.WriteEndObject();
        writer.WriteStartObject("items"u8);
        Describe("The objects.");
        writer.WriteString("type"u8, "array"u8);
        writer.WriteStartObject("items"u8);
        Reference(resource.Schema);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        WriteKinds(all.Where(r => r.Schema == resource.Schema).Select(r => (r.Group, r.Version, r.ListKind)));
        writer.WriteEndObject();
    }

    private void WriteMessage(MessageType type, IReadOnlyList<ResourceInfo> resources)
    {
        var kinds = resources.Where(r => r.Schema == type).Select(r => (r.Group, r.Version, r.Kind)).ToList();
        if (kinds.Count == 0 && type.Kind is not null)
            kinds.Add(Split(type));
        writer.WriteStartObject(OpenApiNames.Of(type));
        Describe(_docs.Of(type));
        writer.WriteString("type"u8, "object"u8);
        if (type.JsonFields.Any(f => f.Has(FieldFlags.Required)))
        {
            writer.WriteStartArray("required"u8);
            foreach (var field in type.JsonFields.Where(f => f.Has(FieldFlags.Required)))
                writer.WriteStringValue(field.Name);
            writer.WriteEndArray();
        }

        writer.WriteStartObject("properties"u8);
        if (kinds.Count > 0)
            WriteTypeMeta();
        foreach (var field in type.JsonFields)
            WriteProperty(type, field);
        writer.WriteEndObject();
        WriteKinds(kinds);
        if (type.Atomic)
            writer.WriteString("x-kubernetes-map-type"u8, "atomic"u8);
        writer.WriteEndObject();
    }

    private void WriteCustom(ResourceInfo resource)
    {
        var source = custom.SchemaOf(resource);
        writer.WriteStartObject(OpenApiNames.Of(resource.Schema));
        Describe(source.Text("description") is { Length: > 0 } text ? text : $"An object of the custom kind {resource.Kind}.");
        writer.WriteString("type"u8, "object"u8);
        writer.WriteStartObject("properties"u8);
        WriteTypeMeta();
        writer.WriteStartObject("metadata"u8);
        WriteReference(ApiSchema.Get("meta.v1.ObjectMeta"), _docs.Of("meta.v1.*.metadata"));
        writer.WriteEndObject();
        custom.WriteProperties(writer, source, dialect);
        writer.WriteEndObject();
        custom.WriteKeywords(writer, source, dialect);
        WriteKinds([(resource.Group, resource.Version, resource.Kind)]);
        writer.WriteEndObject();
    }

    private void Remember(MessageType type)
    {
        if (_known.Add(OpenApiNames.Of(type)))
            _pending.Enqueue(type);
    }

    private void WriteTypeMeta()
    {
        foreach (var name in (ReadOnlySpan<string>)["apiVersion", "kind"])
        {
            writer.WriteStartObject(name);
            Describe(_docs.Of("meta.v1.TypeMeta." + name));
            writer.WriteString("type"u8, "string"u8);
            writer.WriteEndObject();
        }
    }

    private void WriteProperty(MessageType owner, Field field)
    {
        var description = _docs.Of(owner, field);
        writer.WriteStartObject(field.Name);
        if (field.Shape == FieldShape.Single && Target(field) is { } name)
        {
            WriteReference(name, description);
        }
        else
        {
            Describe(description);
            WriteShape(field);
            WriteEnum(_docs.EnumOf(owner, field));
        }

        WritePatchHints(field);
        writer.WriteEndObject();
    }

    private void WriteShape(Field field)
    {
        switch (field.Shape)
        {
            case FieldShape.Single:
                OpenApiSpecials.WriteScalar(writer, field.Type);
                return;
            case FieldShape.List:
                writer.WriteString("type"u8, "array"u8);
                writer.WriteStartObject("items"u8);
                break;
            default:
                writer.WriteString("type"u8, "object"u8);
                writer.WriteStartObject("additionalProperties"u8);
                break;
        }

        if (field.Shape == FieldShape.MapOfLists)
        {
            writer.WriteString("type"u8, "array"u8);
            writer.WriteStartObject("items"u8);
        }

        if (Target(field) is { } name)
            writer.WriteString("$ref"u8, Prefix + name);
        else
            OpenApiSpecials.WriteScalar(writer, field.Type);
        if (field.Shape == FieldShape.MapOfLists)
            writer.WriteEndObject();
        writer.WriteEndObject();
    }

    // The definition a field's value has; null for plain scalars.
    private string? Target(Field field)
    {
        if (field.Message is { } message)
        {
            Remember(message);
            return OpenApiNames.Of(message);
        }

        if (field.UnionOf is { } union)
        {
            _unions[OpenApiNames.Of(union)] = union;
            foreach (var alternative in union.WireFields)
                Target(alternative);
            return OpenApiNames.Of(union);
        }

        if (OpenApiSpecials.NameOf(field.Type) is not { } special)
            return null;
        _special.Add(field.Type);
        return special;
    }

    private void WriteReference(MessageType type, string? description)
    {
        Remember(type);
        WriteReference(OpenApiNames.Of(type), description);
    }

    // In 3.0 nothing may stand beside a reference, so it is wrapped.
    private void WriteReference(string name, string? description)
    {
        Describe(description);
        if (dialect == OpenApiDialect.V3)
        {
            writer.WriteStartArray("allOf"u8);
            writer.WriteStartObject();
        }

        writer.WriteString("$ref"u8, Prefix + name);
        if (dialect == OpenApiDialect.V3)
        {
            writer.WriteEndObject();
            writer.WriteEndArray();
        }
    }

    private void WriteKinds(IEnumerable<(string Group, string Version, string Kind)> kinds)
    {
        if (!kinds.Any())
            return;
        writer.WriteStartArray("x-kubernetes-group-version-kind"u8);
        foreach (var kind in kinds)
            OpenApiNames.WriteKind(writer, kind);
        writer.WriteEndArray();
    }

    private void WritePatchHints(Field field)
    {
        var (merge, retain) = (field.Has(FieldFlags.PatchMerge), field.Has(FieldFlags.RetainKeys));
        if (merge || retain)
            writer.WriteString("x-kubernetes-patch-strategy"u8, merge && retain ? "merge,retainKeys" : merge ? "merge" : "retainKeys");
        if (field.MergeKey is { } key)
            writer.WriteString("x-kubernetes-patch-merge-key"u8, key);
        if (field.ListKeys.Count > 0)
        {
            writer.WriteString("x-kubernetes-list-type"u8, "map"u8);
            writer.WriteStartArray("x-kubernetes-list-map-keys"u8);
            foreach (var name in field.ListKeys)
                writer.WriteStringValue(name);
            writer.WriteEndArray();
        }
        else if (field.Shape == FieldShape.List && (field.Has(FieldFlags.Set) || field.Has(FieldFlags.Atomic)))
        {
            writer.WriteString("x-kubernetes-list-type"u8, field.Has(FieldFlags.Set) ? "set" : "atomic");
        }
        else if (field.Has(FieldFlags.Atomic))
        {
            writer.WriteString("x-kubernetes-map-type"u8, "atomic"u8);
        }
    }

    private void WriteEnum(IReadOnlyList<string> values)
    {
        if (values.Count == 0)
            return;
        writer.WriteStartArray("enum"u8);
        foreach (var value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    private void Describe(string? text)
    {
        if (text is not null)
            writer.WriteString("description"u8, text);
    }

    private static (string Group, string Version, string Kind) Split(MessageType type)
    {
        var slash = type.ApiVersion!.IndexOf('/');
        return (slash < 0 ? "" : type.ApiVersion[..slash], type.ApiVersion[(slash + 1)..], type.Kind!);
    }
}
