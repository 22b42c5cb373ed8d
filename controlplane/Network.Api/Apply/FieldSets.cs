using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.Api.Apply;

/// <summary>
/// Sets of field paths in the fieldsV1 form (structured-merge-diff): a tree whose steps are <c>f:name</c>, <c>k:{keys}</c> or <c>v:value</c> and whose
/// leaves are empty objects; <c>.</c> marks that a list item itself is owned.
/// </summary>
public static class FieldSets
{
    private const string Self = ".";

    // Identity and bookkeeping, which nobody owns.
    private static readonly HashSet<string> s_unowned =
        ["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields", "generateName"];

    /// <summary>All fields an object sets.</summary>
    public static JsonObject Of(JsonObject value, MessageType type)
    {
        var set = OfMessage(value, type);
        if (set["f:metadata"] is not JsonObject metadata)
            return set;
        foreach (var name in s_unowned)
            metadata.Remove("f:" + name);
        if (metadata.Count == 0)
            set.Remove("f:metadata");
        return set;
    }

    /// <summary>The fields that differ: set or changed in <paramref name="now"/>, and gone from it.</summary>
    public static (JsonObject Changed, JsonObject Removed) Difference(JsonObject old, JsonObject now, MessageType type)
    {
        var (before, after) = (Of(old, type), Of(now, type));
        var changed = Where(after, [], (path, _) => !JsonNode.DeepEquals(FieldPaths.Resolve(old, path), FieldPaths.Resolve(now, path)));
        return (changed, Subtract(before, after));
    }

    public static bool IsEmpty(JsonObject set) => set.Count == 0;

    public static JsonObject Union(JsonObject left, JsonObject right)
    {
        var result = (JsonObject)left.DeepClone();
        foreach (var (step, members) in right)
        {
            if (result[step] is JsonObject present)
                result[step] = Union(present, (JsonObject)members!);
            else
                result[step] = members?.DeepClone();
        }

        return result;
    }

    /// <summary>Leaves of the left that the right does not have.</summary>
    public static JsonObject Subtract(JsonObject left, JsonObject right)
    {
        var result = new JsonObject();
        foreach (var (step, members) in left)
        {
            var mine = (JsonObject)members!;
            if (right[step] is not JsonObject theirs)
                result[step] = mine.DeepClone();
            else if (mine.Count > 0 && Subtract(mine, theirs) is { Count: > 0 } rest)
                result[step] = rest;
        }

        return result;
    }

    /// <summary>Leaves that both have.</summary>
    public static JsonObject Intersect(JsonObject left, JsonObject right)
    {
        var result = new JsonObject();
        foreach (var (step, members) in left)
        {
            if (right[step] is not JsonObject theirs)
                continue;
            var mine = (JsonObject)members!;
            if (mine.Count == 0 || theirs.Count == 0)
                result[step] = new JsonObject();
            else if (Intersect(mine, theirs) is { Count: > 0 } both)
                result[step] = both;
        }

        return result;
    }

    /// <summary>The paths of all leaves.</summary>
    public static IEnumerable<string[]> Leaves(JsonObject set, string[]? above = null)
    {
        foreach (var (step, members) in set)
        {
            string[] path = step == Self ? above ?? [] : [.. above ?? [], step];
            if (members is not JsonObject { Count: > 0 } inner)
                yield return path;
            else
            {
                foreach (var leaf in Leaves(inner, path))
                    yield return leaf;
            }
        }
    }

    /// <summary>The part of a set whose leaves pass.</summary>
    public static JsonObject Where(JsonObject set, string[] above, Func<string[], JsonObject, bool> keep)
    {
        var result = new JsonObject();
        foreach (var (step, members) in set)
        {
            var inner = (JsonObject)members!;
            string[] path = step == Self ? above : [.. above, step];
            if (inner.Count == 0)
            {
                if (keep(path, inner))
                    result[step] = new JsonObject();
            }
            else if (Where(inner, path, keep) is { Count: > 0 } kept)
            {
                result[step] = kept;
            }
        }

        return result;
    }

    private static JsonObject OfMessage(JsonObject value, MessageType type)
    {
        var set = new JsonObject();
        foreach (var field in type.JsonFields)
        {
            if (value[field.Name] is { } member)
                set["f:" + field.Name] = OfField(member, field);
        }

        return set;
    }

    private static JsonObject OfField(JsonNode member, Field field)
    {
        if (field.Has(FieldFlags.Atomic) || field.Message?.Atomic == true && field.Shape == FieldShape.Single)
            return [];
        switch (member)
        {
            case JsonObject single when field is { Shape: FieldShape.Single, Type: FieldType.Message }:
                return OfMessage(single, field.Message!);
            case JsonObject map when field.Shape is FieldShape.Map:
                return new JsonObject(map.Select(p => KeyValuePair.Create<string, JsonNode?>("f:" + p.Key, new JsonObject())));
            case JsonArray list when field.ListKeys.Count > 0:
                var items = new JsonObject();
                foreach (var item in list.OfType<JsonObject>())
                {
                    var inner = OfMessage(item, field.Message!);
                    inner.Insert(0, Self, new JsonObject());
                    items[FieldPaths.KeyStep(item, field)] = inner;
                }

                return items;
            case JsonArray list when field.Has(FieldFlags.Set):
                var values = new JsonObject();
                foreach (var item in list)
                    values["v:" + item?.ToJsonString()] = new JsonObject();
                return values;
            default:
                return [];
        }
    }
}
