using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.Api.Structural;
using Network.ApiServer.Registry;

namespace Network.ApiServer.CustomResources;

/// <summary>What the versions of a definition must fulfil: one is stored, schemas are structural, paths and patterns parse.</summary>
internal static class DefinitionVersionRules
{
    private static readonly HashSet<string> s_columnTypes = ["integer", "number", "string", "boolean", "date"];

    public static void Check(List<JsonObject> versions, List<FieldFault> faults)
    {
        if (versions.Count == 0)
            faults.Add(FieldFault.Required("spec.versions", "must have at least one version"));
        else if (versions.Count(version => version.Flag("storage") == true) != 1)
            faults.Add(FieldFault.Invalid("spec.versions", new JsonArray([.. versions.Select(version => (JsonNode)version.Text("name"))]), "must have exactly one version marked as storage version"));
        foreach (var twice in versions.GroupBy(version => version.Text("name")).Where(group => group.Count() > 1))
            faults.Add(FieldFault.Invalid("spec.versions", twice.Key, "must contain unique version names"));
        for (var i = 0; i < versions.Count; i++)
            CheckVersion(versions[i], $"spec.versions[{i}]", faults);
    }

    private static void CheckVersion(JsonObject version, string path, List<FieldFault> faults)
    {
        var name = version.Text("name");
        if (name.Length > 0 && !ObjectNames.IsLabel(name))
            faults.Add(FieldFault.Invalid($"{path}.name", name, ObjectNames.LabelRule));
        if (version.At("schema", "openAPIV3Schema") is JsonObject schema)
            StructuralRules.Check(schema, $"{path}.schema.openAPIV3Schema", faults);
        else
            faults.Add(FieldFault.Required($"{path}.schema.openAPIV3Schema", "schemas are required"));
        CheckScale(version.At("subresources", "scale"), $"{path}.subresources.scale", faults);
        foreach (var twice in version.Items("selectableFields").GroupBy(field => field.Text("jsonPath")).Where(group => group.Count() > 1))
            faults.Add(FieldFault.Duplicate($"{path}.selectableFields", twice.Key));
        var i = 0;
        foreach (var column in version.Items("additionalPrinterColumns"))
        {
            var where = $"{path}.additionalPrinterColumns[{i++}]";
            if (!s_columnTypes.Contains(column.Text("type")))
                faults.Add(FieldFault.Invalid($"{where}.type", column.Text("type"), $"must be one of {string.Join(',', s_columnTypes)}"));
            CheckPath(column.Text("jsonPath"), $"{where}.jsonPath", faults);
        }
    }

    private static void CheckScale(JsonNode? scale, string path, List<FieldFault> faults)
    {
        if (scale is null)
            return;
        foreach (var (field, root, required) in (ReadOnlySpan<(string, string, bool)>)
            [("specReplicasPath", ".spec.", true), ("statusReplicasPath", ".status.", true), ("labelSelectorPath", ".", false)])
        {
            var text = scale.Text(field);
            if (text.Length == 0 && required)
                faults.Add(FieldFault.Required($"{path}.{field}"));
            else if (text.Length > 0 && !text.StartsWith(root, StringComparison.Ordinal))
                faults.Add(FieldFault.Invalid($"{path}.{field}", text, $"should be a json path under {root}"));
        }
    }

    private static void CheckPath(string text, string path, List<FieldFault> faults)
    {
        try
        {
            _ = new JsonPathQuery(text);
        }
        catch (FormatException e)
        {
            faults.Add(FieldFault.Invalid(path, text, e.Message));
        }
    }
}
