using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.Api.Patches;

/// <summary>
/// Strategic merge patch (apimachinery util/strategicpatch): merge patch that knows which lists are maps by key, with the directives
/// <c>$patch</c>, <c>$retainKeys</c>, <c>$setElementOrder/x</c> and <c>$deleteFromPrimitiveList/x</c>.
/// </summary>
public static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string OrderPrefix = "$setElementOrder/";
    private const string DeletePrefix = "$deleteFromPrimitiveList/";

    /// <summary>Returns the patched object; the inputs stay as they are.</summary>
    public static JsonObject Apply(JsonObject original, JsonObject patch, MessageType? type) =>
        Merge((JsonObject)original.DeepClone(), patch, type);

    private static JsonObject Merge(JsonObject target, JsonObject patch, MessageType? type)
    {
        switch (patch.Text(Directive))
        {
            case "replace":
                return Merge([], Without(patch, Directive), type);
            case "delete":
                return [];
        }

        if (patch[RetainKeys] is JsonArray retained)
        {
            var keep = retained.Select(k => k?.ToString()).ToHashSet();
            foreach (var name in target.Select(p => p.Key).Where(k => !keep.Contains(k)).ToList())
                target.Remove(name);
        }

        foreach (var (name, value) in patch)
        {
            if (name.StartsWith(DeletePrefix, StringComparison.Ordinal))
                RemovePrimitives(target, name[DeletePrefix.Length..], value as JsonArray);
            else if (!name.StartsWith('$'))
                MergeMember(target, patch, name, value, type?.ByName(name));
        }

        foreach (var (name, value) in patch)
        {
            // An order without a change of the list itself still sorts what is there.
            if (name.StartsWith(OrderPrefix, StringComparison.Ordinal) && name[OrderPrefix.Length..] is var list && !patch.ContainsKey(list)
                && target[list] is JsonArray present && value is JsonArray order)
                target[list] = ElementOrder.Sort(present, [.. present], order, type?.ByName(list)?.MergeKey);
        }

        return target;
    }

    private static void MergeMember(JsonObject target, JsonObject patch, string name, JsonNode? value, Field? field)
    {
        switch (value)
        {
            case null:
                target.Remove(name);
                break;
            case JsonObject change:
                if (change.Text(Directive) == "delete")
                    target.Remove(name);
                else
                    target[name] = Merge(Detach(target, name) as JsonObject ?? [], change, field is { Shape: FieldShape.Single } ? field.Message : null);
                break;
            case JsonArray changes when field is { Shape: FieldShape.List } && field.Has(FieldFlags.PatchMerge):
                var original = Detach(target, name) as JsonArray ?? [];
                var before = original.ToArray();
                var merged = field.MergeKey is null ? MergePrimitives(original, changes) : MergeByKey(original, changes, field);
                target[name] = patch[OrderPrefix + name] is JsonArray order ? ElementOrder.Sort(merged, before, order, field.MergeKey) : merged;
                break;
            case JsonArray replaced:
                target[name] = new JsonArray([.. replaced.Select(i => i is JsonObject o ? Merge([], o, field?.Message) : i?.DeepClone())]);
                break;
            default:
                target[name] = value.DeepClone();
                break;
        }
    }

    private static JsonArray MergeByKey(JsonArray original, JsonArray changes, Field field)
    {
        var key = field.MergeKey!;
        if (changes.Any(c => c.Text(Directive) == "replace" && c![key] is null))
            original.Clear();
        foreach (var change in changes.OfType<JsonObject>())
        {
            var directive = change.Text(Directive);
            if (directive == "replace" && change[key] is null)
                continue;
            var at = IndexOf(original, key, change[key]);
            if (directive == "delete")
            {
                if (at >= 0)
                    original.RemoveAt(at);
            }
            else if (at < 0)
            {
                original.Add((JsonNode)Merge([], change, field.Message));
            }
            else
            {
                var item = (JsonObject)original[at]!;
                original[at] = null;
                original[at] = Merge(item, change, field.Message);
            }
        }

        return original;
    }

    private static JsonArray MergePrimitives(JsonArray original, JsonArray changes)
    {
        foreach (var change in changes)
        {
            if (!original.Any(o => JsonNode.DeepEquals(o, change)))
                original.Add(change?.DeepClone());
        }

        return original;
    }

    private static void RemovePrimitives(JsonObject target, string list, JsonArray? gone)
    {
        if (target[list] is not JsonArray present || gone is null)
            return;
        for (var i = present.Count - 1; i >= 0; i--)
        {
            if (gone.Any(g => JsonNode.DeepEquals(g, present[i])))
                present.RemoveAt(i);
        }
    }

    private static int IndexOf(JsonArray list, string key, JsonNode? value)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is JsonObject item && JsonNode.DeepEquals(item[key], value))
                return i;
        }

        return -1;
    }

    private static JsonNode? Detach(JsonObject from, string name) => from.Remove(name, out var value) ? value : null;

    private static JsonObject Without(JsonObject map, string name)
    {
        var copy = (JsonObject)map.DeepClone();
        copy.Remove(name);
        return copy;
    }
}
