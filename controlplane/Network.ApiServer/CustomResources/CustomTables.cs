using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Structural;
using Network.ApiServer.Printing;

namespace Network.ApiServer.CustomResources;

/// <summary>Tables of custom kinds: the name, then their additional columns, or the age when they have none.</summary>
internal static class CustomTables
{
    // Watches ask for every event; a resource is made anew whenever its definition changes.
    private static readonly ConditionalWeakTable<ResourceInfo, TablePrinter> s_printers = [];

    public static TablePrinter Of(ResourceInfo resource) => s_printers.GetValue(resource, Make);

    private static TablePrinter Make(ResourceInfo resource)
    {
        var columns = resource.Columns ?? [new CustomColumn("Age", "date", "", "", 0, ".metadata.creationTimestamp")];
        var paths = columns.Select(column => (column.Type, Path: new JsonPathQuery(column.Path))).ToList();
        return new TablePrinter(
            ["Name", .. columns.Select(column => new Column(column.Name, column.Type, column.Priority > 0) { Format = column.Format, Description = column.Description })],
            (value, now) => [Cells.Name(value), .. paths.Select(path => Cell(path.Path, path.Type, value, now))]);
    }

    private static JsonNode? Cell(JsonPathQuery path, string type, JsonElement value, DateTimeOffset now)
    {
        var found = path.Of(value).ToList();
        if (found.Count == 0)
            return null;
        if (type == "date")
            return Cells.Since(found[0].ValueKind == JsonValueKind.String ? found[0].GetString()! : "", now);
        if (found.Count > 1)
            return string.Join(',', found.Select(Text));
        return (type, found[0].ValueKind) switch
        {
            ("integer", JsonValueKind.Number) when found[0].TryGetInt64(out var number) => number,
            ("number", JsonValueKind.Number) => found[0].GetDouble(),
            ("boolean", JsonValueKind.True or JsonValueKind.False) => found[0].GetBoolean(),
            ("string", _) => Text(found[0]),
            _ => null,
        };
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
