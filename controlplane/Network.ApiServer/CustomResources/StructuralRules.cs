using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.Api.Structural;

namespace Network.ApiServer.CustomResources;

/// <summary>What makes a schema structural (CustomResourceDefinition v1), and that its patterns and defaults hold.</summary>
internal static class StructuralRules
{
    private static readonly HashSet<string> s_types = ["object", "array", "string", "integer", "number", "boolean"];

    public static void Check(JsonObject schema, string path, List<FieldFault> faults)
    {
        if (schema.Text("type") is { Length: > 0 } type && type != "object")
            faults.Add(FieldFault.Invalid($"{path}.type", type, "must be object at the root"));
        CheckNode(schema, path, faults);
        var before = faults.Count;
        if (before == 0)
            CheckDefaults(StructuralSchema.Parse(schema), path, faults);
    }

    private static void CheckNode(JsonObject node, string path, List<FieldFault> faults)
    {
        var type = node.Text("type");
        var free = node.Flag("x-kubernetes-int-or-string") == true || node.Flag("x-kubernetes-preserve-unknown-fields") == true;
        if (type.Length == 0 && !free)
            faults.Add(FieldFault.Required($"{path}.type", "must not be empty for specified object fields"));
        else if (type.Length > 0 && !s_types.Contains(type))
            faults.Add(FieldFault.NotSupported($"{path}.type", type, [.. s_types]));
        if (node["properties"] is JsonObject { Count: > 0 } && node["additionalProperties"] is JsonObject or JsonValue)
            faults.Add(FieldFault.Forbidden($"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive"));
        foreach (var banned in (ReadOnlySpan<string>)["$ref", "definitions", "dependencies", "patternProperties", "additionalItems", "id"])
        {
            if (node[banned] is not null)
                faults.Add(FieldFault.Forbidden($"{path}.{banned}", $"{banned} is not supported"));
        }

        CheckList(node, type, path, faults);
        CheckPattern(node, path, faults);
        foreach (var (name, member) in node["properties"] as JsonObject ?? [])
        {
            if (member is JsonObject inner)
                CheckNode(inner, $"{path}.properties[{name}]", faults);
        }

        if (node["additionalProperties"] is JsonObject additional)
            CheckNode(additional, $"{path}.additionalProperties", faults);
    }

    private static void CheckList(JsonObject node, string type, string path, List<FieldFault> faults)
    {
        if (type == "array" && node["items"] is not JsonObject)
            faults.Add(FieldFault.Required($"{path}.items", "must be specified"));
        else if (node["items"] is JsonObject items)
            CheckNode(items, $"{path}.items", faults);
        var listType = node.Text("x-kubernetes-list-type");
        if (listType is not ("" or "atomic" or "set" or "map"))
            faults.Add(FieldFault.NotSupported($"{path}.x-kubernetes-list-type", listType, "atomic", "set", "map"));
        if (listType == "map" && !node.Texts("x-kubernetes-list-map-keys").Any())
            faults.Add(FieldFault.Required($"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map"));
        if (node.Flag("uniqueItems") == true)
            faults.Add(FieldFault.Forbidden($"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"));
    }

    private static void CheckPattern(JsonObject node, string path, List<FieldFault> faults)
    {
        if (node.Text("pattern") is not { Length: > 0 } pattern)
            return;
        try
        {
            _ = StructuralSchema.Parse(new JsonObject { ["type"] = "string", ["pattern"] = pattern }).Limits.Pattern;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            faults.Add(FieldFault.Invalid($"{path}.pattern", pattern, $"must be a valid regular expression, but isn't: {e.Message}"));
        }
    }

    private static void CheckDefaults(StructuralSchema schema, string path, List<FieldFault> faults)
    {
        if (schema.Default is { } byDefault)
            StructuralValidator.Check(byDefault, schema, $"{path}.default", faults);
        foreach (var (name, property) in schema.Properties)
            CheckDefaults(property, $"{path}.properties[{name}]", faults);
        if (schema.Items is not null)
            CheckDefaults(schema.Items, $"{path}.items", faults);
        if (schema.Additional is not null)
            CheckDefaults(schema.Additional, $"{path}.additionalProperties", faults);
    }
}
