using System.Text.Json.Nodes;
using Network.Api.Errors;

namespace Network.Api.Structural;

/// <summary>Lengths of lists, and the uniqueness that sets and maps promise.</summary>
internal static class ListLimits
{
    internal static void Check(JsonArray list, StructuralSchema schema, string path, List<FieldFault> faults)
    {
        if (schema.Limits.MaxItems is { } most && list.Count > most)
            faults.Add(new("FieldValueTooMany", path, $"Too many: {list.Count}: must have at most {most} items"));
        if (schema.Limits.MinItems is { } least && list.Count < least)
            faults.Add(FieldFault.Invalid(path, list.Count, $"{path} in body should have at least {least} items"));
        if (schema.Limits.UniqueItems || schema.ListType == "set")
            CheckUnique(list, item => item, path, faults);
        else if (schema is { ListType: "map", ListKeys.Count: > 0 })
            CheckUnique(list, item => KeyOf(item, schema), path, faults);
    }

    private static JsonObject KeyOf(JsonNode? item, StructuralSchema schema) =>
        new(schema.ListKeys.Select(key => KeyValuePair.Create(key, (item as JsonObject)?[key]?.DeepClone())));

    private static void CheckUnique(JsonArray list, Func<JsonNode?, JsonNode?> keyOf, string path, List<FieldFault> faults)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            var key = keyOf(list[i]);
            if (!seen.Add(key?.ToJsonString() ?? "null"))
                faults.Add(FieldFault.Duplicate($"{path}[{i}]", key?.DeepClone()));
        }
    }
}
