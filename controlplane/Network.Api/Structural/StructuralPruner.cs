using System.Text.Json.Nodes;

namespace Network.Api.Structural;

/// <summary>Removes members that a schema does not name, and nulls that a default will replace.</summary>
public static class StructuralPruner
{
    /// <param name="value">A whole object, changed in place.</param>
    /// <param name="unknown">Gets <c>unknown field "path"</c> for what was removed.</param>
    public static void Prune(JsonObject value, StructuralSchema schema, List<string>? unknown = null) => PruneObject(value, schema, "", true, unknown);

    private static void PruneObject(JsonObject value, StructuralSchema schema, string path, bool isResource, List<string>? unknown)
    {
        foreach (var name in value.Select(member => member.Key).ToList())
        {
            if (isResource && name is "apiVersion" or "kind" or "metadata")
                continue;
            var where = path.Length == 0 ? name : $"{path}.{name}";
            var member = value[name];
            if ((schema.Properties.GetValueOrDefault(name) ?? schema.Additional) is { } inner)
            {
                if (member is null && !inner.Nullable && inner.Default is not null)
                    value.Remove(name);
                else
                    PruneValue(member, inner, where, unknown);
            }
            else if (!schema.PreservesUnknown && !schema.AllowsAdditional)
            {
                value.Remove(name);
                unknown?.Add($"unknown field \"{where}\"");
            }
        }
    }

    private static void PruneValue(JsonNode? value, StructuralSchema schema, string path, List<string>? unknown)
    {
        switch (value)
        {
            case JsonObject member:
                PruneObject(member, schema, path, schema.IsEmbeddedResource, unknown);
                break;
            case JsonArray list when schema.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                    PruneValue(list[i], items, $"{path}[{i}]", unknown);
                break;
        }
    }
}
