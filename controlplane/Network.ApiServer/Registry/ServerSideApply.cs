using System.Text.Json.Nodes;
using Network.Api.Apply;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Registry;

/// <summary>Merges an applied configuration into the live object and keeps the books of who owns what (KEP-555).</summary>
internal sealed class ServerSideApply(WriteContext context, bool force, TimeProvider time)
{
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <param name="live">A copy of the live object, changed in place; null when it does not exist yet.</param>
    /// <param name="applied">All the fields the manager wants to own.</param>
    public JsonObject Merge(JsonObject? live, JsonObject applied)
    {
        var type = context.Resource.Schema;
        var set = FieldSets.Of(applied, type);
        var entries = live is null ? [] : ManagerEntries.Read(live);
        var own = ManagerEntries.Find(entries, context, "Apply");
        var others = entries.Where(e => e != own).ToList();
        if (live is not null)
            ResolveConflicts(live, applied, set, others);
        var result = live ?? [];
        if (own is not null)
            RemoveDropped(result, FieldSets.Subtract(ManagerEntries.FieldsOf(own), set), others);
        TypedMerge.Merge(result, applied, type);
        own ??= ManagerEntries.Add(entries, context, "Apply");
        ManagerEntries.SetFields(own, set, time);
        ManagerEntries.Write(result, entries);
        return result;
    }

    // Others keep what has the same value: then both own it.
    private void ResolveConflicts(JsonObject live, JsonObject applied, JsonObject set, List<JsonObject> others)
    {
        var conflicts = new List<(string Owner, string[] Path)>();
        var disputed = new List<(JsonObject Entry, JsonObject Fields)>();
        foreach (var entry in others)
        {
            var differing = FieldSets.Where(FieldSets.Intersect(set, ManagerEntries.FieldsOf(entry)), [],
                (path, _) => FieldPaths.Resolve(applied, path) is var wanted and not JsonObject
                    && !JsonNode.DeepEquals(wanted, FieldPaths.Resolve(live, path)));
            if (FieldSets.IsEmpty(differing))
                continue;
            disputed.Add((entry, differing));
            conflicts.AddRange(FieldSets.Leaves(differing).Select(p => (Owner(entry), p)));
        }

        if (conflicts.Count > 0 && !force && !WasClientApplied(live, conflicts))
            throw Conflict(conflicts);
        foreach (var (entry, fields) in disputed)
            ManagerEntries.SetFields(entry, FieldSets.Subtract(ManagerEntries.FieldsOf(entry), fields), time);
    }

    private static void RemoveDropped(JsonObject live, JsonObject dropped, List<JsonObject> others)
    {
        foreach (var entry in others)
            dropped = FieldSets.Subtract(dropped, ManagerEntries.FieldsOf(entry));
        // Whole list items first: without its keys an item could no longer be found. An item that others own a part of stays.
        foreach (var path in FieldSets.Leaves(dropped).OrderBy(p => p.Length))
        {
            if (!path[^1].StartsWith("k:", StringComparison.Ordinal) || !others.Any(o => FieldPaths.Contains(ManagerEntries.FieldsOf(o), path)))
                FieldPaths.Remove(live, path);
        }
    }

    // An object that kubectl applied from the client moves over without a fight: what the live object still has as last applied was kubectl's own.
    private bool WasClientApplied(JsonObject live, List<(string Owner, string[] Path)> conflicts)
    {
        if (context.FieldManager != "kubectl" || live["metadata"].Text("annotations", LastApplied) is not { Length: > 0 } text)
            return false;
        return FreeJson.TryParse(text) is { } last && conflicts.TrueForAll(c => FieldPaths.Resolve(last, c.Path) is { } was
            && JsonNode.DeepEquals(was, FieldPaths.Resolve(live, c.Path)));
    }

    private static string Owner(JsonObject entry)
    {
        var part = entry.Text("subresource") is { Length: > 0 } subresource ? $" with subresource \"{subresource}\"" : "";
        return $"\"{entry.Text("manager")}\"{part} using {entry.Text("apiVersion")}";
    }

    private static ApiException Conflict(List<(string Owner, string[] Path)> conflicts)
    {
        var causes = new JsonArray([.. conflicts.Select(c => (JsonNode)new JsonObject
        {
            ["reason"] = "FieldManagerConflict", ["message"] = $"conflict with {c.Owner}", ["field"] = FieldPaths.Spell(c.Path),
        })]);
        var text = conflicts.Count == 1
            ? $"Apply failed with 1 conflict: conflict with {conflicts[0].Owner}: {FieldPaths.Spell(conflicts[0].Path)}"
            : $"Apply failed with {conflicts.Count} conflicts: " + string.Join('\n', conflicts.GroupBy(c => c.Owner)
                .Select(g => $"conflicts with {g.Key}:\n- {string.Join("\n- ", g.Select(c => FieldPaths.Spell(c.Path)))}"));
        return new ApiException(409, "Conflict", text, new JsonObject { ["causes"] = causes });
    }
}
