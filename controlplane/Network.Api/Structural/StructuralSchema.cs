using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.Api.Structural;

/// <summary>
/// An OpenAPI v3 schema of a CustomResourceDefinition, read once. Only what the structural-schema rules allow (KEP-1002, CustomResourceDefinition v1).
/// </summary>
public sealed class StructuralSchema
{
    private StructuralSchema(JsonObject source)
    {
        Type = source.Text("type");
        Format = source.Text("format");
        Nullable = source.Flag("nullable") == true;
        PreservesUnknown = source.Flag("x-kubernetes-preserve-unknown-fields") == true;
        IsEmbeddedResource = source.Flag("x-kubernetes-embedded-resource") == true;
        IsIntOrString = source.Flag("x-kubernetes-int-or-string") == true;
        Default = source["default"]?.DeepClone();
        Properties = ReadProperties(source);
        Additional = source["additionalProperties"] is JsonObject additional ? new(additional) : null;
        AllowsAdditional = Additional is not null || source.Flag("additionalProperties") == true;
        Items = source["items"] is JsonObject items ? new(items) : null;
        ListType = source.Text("x-kubernetes-list-type");
        ListKeys = [.. source.Texts("x-kubernetes-list-map-keys")];
        MapIsAtomic = source.Text("x-kubernetes-map-type") == "atomic";
        Required = [.. source.Texts("required")];
        Enum = source["enum"] is JsonArray values ? [.. values.Select(v => v?.DeepClone())] : [];
        Limits = new ValueLimits(source);
        AllOf = ReadAll(source, "allOf");
        AnyOf = ReadAll(source, "anyOf");
        OneOf = ReadAll(source, "oneOf");
        Not = source["not"] is JsonObject not ? new(not) : null;
        HasRules = source["x-kubernetes-validations"] is JsonArray { Count: > 0 } || Children().Any(c => c.HasRules);
        HasDefaults = Default is not null || Children().Any(c => c.HasDefaults);
    }

    /// <summary>object, array, string, integer, number, boolean; empty where a value may have any type.</summary>
    public string Type { get; }

    public string Format { get; }

    public bool Nullable { get; }

    /// <summary>Members that the schema does not name are kept.</summary>
    public bool PreservesUnknown { get; }

    /// <summary>apiVersion, kind and metadata are kept though the schema does not name them.</summary>
    public bool IsEmbeddedResource { get; }

    public bool IsIntOrString { get; }

    public JsonNode? Default { get; }

    public IReadOnlyDictionary<string, StructuralSchema> Properties { get; }

    /// <summary>The schema of members that are not in <see cref="Properties"/>.</summary>
    public StructuralSchema? Additional { get; }

    public bool AllowsAdditional { get; }

    public StructuralSchema? Items { get; }

    /// <summary>atomic, set, map, or empty (which is atomic).</summary>
    public string ListType { get; }

    public IReadOnlyList<string> ListKeys { get; }

    public bool MapIsAtomic { get; }

    public IReadOnlyList<string> Required { get; }

    public IReadOnlyList<JsonNode?> Enum { get; }

    public ValueLimits Limits { get; }

    public IReadOnlyList<StructuralSchema> AllOf { get; }

    public IReadOnlyList<StructuralSchema> AnyOf { get; }

    public IReadOnlyList<StructuralSchema> OneOf { get; }

    public StructuralSchema? Not { get; }

    /// <summary>x-kubernetes-validations (CEL) somewhere inside, which this server does not evaluate.</summary>
    public bool HasRules { get; }

    public bool HasDefaults { get; }

    public static StructuralSchema Parse(JsonObject source) => new(source);

    private IEnumerable<StructuralSchema> Children()
    {
        foreach (var property in Properties.Values)
            yield return property;
        if (Additional is not null)
            yield return Additional;
        if (Items is not null)
            yield return Items;
    }

    private static Dictionary<string, StructuralSchema> ReadProperties(JsonObject source)
    {
        var properties = new Dictionary<string, StructuralSchema>(StringComparer.Ordinal);
        if (source["properties"] is not JsonObject members)
            return properties;
        foreach (var (name, member) in members.OrderBy(m => m.Key, StringComparer.Ordinal))
            properties[name] = new StructuralSchema(member as JsonObject ?? []);
        return properties;
    }

    private static IReadOnlyList<StructuralSchema> ReadAll(JsonObject source, string name) =>
        source[name] is JsonArray list ? [.. list.OfType<JsonObject>().Select(s => new StructuralSchema(s))] : [];
}
