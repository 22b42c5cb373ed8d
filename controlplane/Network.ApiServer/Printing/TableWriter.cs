using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.ApiServer.Http;

namespace Network.ApiServer.Printing;

/// <summary>Builds meta.k8s.io Tables.</summary>
internal static class TableWriter
{
    public static JsonObject One(ApiRequest request, JsonElement value) =>
        Of(request, [value], new JsonObject { ["resourceVersion"] = value.Text("metadata", "resourceVersion") }, true);

    /// <param name="withColumns">False for all but the first event of a watch: clients remember the columns.</param>
    public static JsonObject Of(ApiRequest request, IEnumerable<JsonElement> values, JsonObject metadata, bool withColumns)
    {
        var printer = TableCatalog.For(request.Target.Resource);
        var include = request.Query("includeObject");
        var now = TimeProvider.System.GetUtcNow();
        var rows = new JsonArray();
        foreach (var value in values)
        {
            var row = new JsonObject { ["cells"] = new JsonArray(printer.Cells(value, now)) };
            if (include == "Object")
                row["object"] = JsonObject.Create(value);
            else if (include != "None")
                row["object"] = PartialMetadata.Of(value);
            rows.Add((JsonNode)row);
        }

        return new JsonObject
        {
            ["kind"] = "Table", ["apiVersion"] = "meta.k8s.io/" + request.Format.TableVersion, ["metadata"] = metadata,
            ["columnDefinitions"] = withColumns ? new JsonArray([.. printer.Columns.Select(c => c.ToJson())]) : new JsonArray(),
            ["rows"] = rows,
        };
    }
}
