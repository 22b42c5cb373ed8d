using System.Text.Json.Nodes;
using Network.Api.Apply;

namespace Network.ApiServer.Registry;

/// <summary>Keeps the books of ordinary writes: what a manager changed becomes its own, what it removed becomes nobody's.</summary>
internal static class ManagedFields
{
    /// <summary>Records the fields this write changed under its manager. Server-side apply brings its own books.</summary>
    public static void Track(WriteContext context, JsonObject value, JsonObject? old, TimeProvider time)
    {
        if (context.OwnManagedFields)
            return;
        var type = context.Resource.Schema;
        var (changed, removed) = FieldSets.Difference(old ?? [], value, type);
        if (context.Subresource.Length == 0)
            changed.Remove("f:status");
        if (FieldSets.IsEmpty(changed) && FieldSets.IsEmpty(removed))
            return;
        var entries = ManagerEntries.Read(value);
        var own = ManagerEntries.Find(entries, context, "Update");
        var gone = FieldSets.Union(changed, removed);
        foreach (var entry in entries.Where(e => e != own))
            ManagerEntries.SetFields(entry, FieldSets.Subtract(ManagerEntries.FieldsOf(entry), gone), time);
        if (own is not null || !FieldSets.IsEmpty(changed))
        {
            own ??= ManagerEntries.Add(entries, context, "Update");
            ManagerEntries.SetFields(own, FieldSets.Subtract(FieldSets.Union(ManagerEntries.FieldsOf(own), changed), removed), time);
        }

        ManagerEntries.Write(value, entries);
    }
}
