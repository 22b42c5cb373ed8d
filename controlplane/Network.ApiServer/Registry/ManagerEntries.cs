using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Registry;

/// <summary>metadata.managedFields as a list of who owns what.</summary>
internal static class ManagerEntries
{
    public static List<JsonObject> Read(JsonObject value) => [.. value["metadata"].Items("managedFields").Select(e => (JsonObject)e.DeepClone())];

    public static void Write(JsonObject value, List<JsonObject> entries)
    {
        entries.RemoveAll(e => e["fieldsV1"] is not JsonObject { Count: > 0 });
        if (entries.Count > 0)
            value.Child("metadata")["managedFields"] = new JsonArray([.. entries.OrderBy(e => e.Text("operation"), StringComparer.Ordinal)]);
        else
            value.Child("metadata").Remove("managedFields");
    }

    public static JsonObject? Find(List<JsonObject> entries, WriteContext context, string operation) => entries.FirstOrDefault(e =>
        e.Text("manager") == context.FieldManager && e.Text("operation") == operation && e.Text("subresource") == context.Subresource);

    public static JsonObject Add(List<JsonObject> entries, WriteContext context, string operation)
    {
        var entry = new JsonObject { ["manager"] = context.FieldManager, ["operation"] = operation, ["apiVersion"] = context.Resource.ApiVersion };
        if (context.Subresource.Length > 0)
            entry["subresource"] = context.Subresource;
        entries.Add(entry);
        return entry;
    }

    public static JsonObject FieldsOf(JsonObject entry) => entry["fieldsV1"] as JsonObject ?? [];

    /// <summary>Sets the fields; the time moves only when they changed, so that repeated writes stay no-ops.</summary>
    public static void SetFields(JsonObject entry, JsonObject fields, TimeProvider time)
    {
        if (JsonNode.DeepEquals(entry["fieldsV1"], fields))
            return;
        entry["time"] = WireTime.Format(time.GetUtcNow());
        entry["fieldsType"] = "FieldsV1";
        entry["fieldsV1"] = fields.DeepClone();
    }
}
