using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.Api.Apply;

/// <summary>Lays an applied configuration over a live object by the schema's list types (structured-merge-diff).</summary>
public static class TypedMerge
{
    /// <summary>Changes <paramref name="live"/> in place.</summary>
    public static void Merge(JsonObject live, JsonObject applied, MessageType type)
    {
        foreach (var (name, value) in applied)
        {
            if (value is null)
                continue;
            var field = type.ByName(name);
            if (field is null || field.Has(FieldFlags.Atomic) || (field.Shape == FieldShape.Single && field.Message?.Atomic == true))
                live[name] = value.DeepClone();
            else
                MergeField(live, name, value, field);
        }
    }

    private static void MergeField(JsonObject live, string name, JsonNode value, Field field)
    {
        switch (value)
        {
            case JsonObject single when field is { Shape: FieldShape.Single, Type: FieldType.Message } && live[name] is JsonObject present:
                Merge(present, single, field.Message!);
                break;
            case JsonObject map when field.Shape == FieldShape.Map && live[name] is JsonObject present:
                foreach (var (key, item) in map)
                    present[key] = item?.DeepClone();
                break;
            case JsonArray list when live[name] is JsonArray present && field.ListKeys.Count > 0:
                MergeItems(present, list, field);
                break;
            case JsonArray list when live[name] is JsonArray present && field.Has(FieldFlags.Set):
                foreach (var item in list.Where(i => !present.Any(p => JsonNode.DeepEquals(p, i))))
                    present.Add(item?.DeepClone());
                break;
            default:
                live[name] = value.DeepClone();
                break;
        }
    }

    private static void MergeItems(JsonArray live, JsonArray applied, Field field)
    {
        foreach (var item in applied.OfType<JsonObject>())
        {
            var key = FieldPaths.KeyStep(item, field);
            if (live.OfType<JsonObject>().FirstOrDefault(i => FieldPaths.KeyStep(i, field) == key) is { } present)
                Merge(present, item, field.Message!);
            else
                live.Add((JsonNode)item.DeepClone());
        }
    }
}
