using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Printing;

/// <summary>Events, in both spellings of their fields.</summary>
internal static class EventTable
{
    private static readonly Column[] s_columns =
        ["Last Seen", "Type", "Reason", "Object", "‹Subobject", "‹Source", "Message", "‹First Seen", "‹Count#", new Column("Name", Wide: true)];

    public static TablePrinter Core { get; } = new(s_columns,
        (o, now) => Row(o, now, new("involvedObject", "message", "firstTimestamp", "lastTimestamp", "count", "source", "reportingComponent")));

    public static TablePrinter New { get; } = new(s_columns,
        (o, now) => Row(o, now, new("regarding", "note", "deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount", "deprecatedSource", "reportingController")));

    private static JsonNode?[] Row(JsonElement o, DateTimeOffset now, Names names)
    {
        var first = o.Text(names.First) is { Length: > 0 } stamp ? stamp : o.Text("eventTime");
        var last = o.Text("series", "lastObservedTime") is { Length: > 0 } observed ? observed : o.Text(names.Last) is { Length: > 0 } seen ? seen : first;
        var count = o.Number("series", "count") is > 0 and var series ? series : Math.Max(o.Number(names.Count), 1);
        var target = o.Text(names.Object, "kind").ToLowerInvariant();
        var name = o.Text(names.Object, "name");
        return
        [
            Cells.Since(last, now), o.Text("type"), o.Text("reason"), name.Length > 0 ? $"{target}/{name}" : target,
            o.Text(names.Object, "fieldPath"), Source(o, names), o.Text(names.Message).Trim(), Cells.Since(first, now), count, Cells.Name(o),
        ];
    }

    private static string Source(JsonElement o, Names names)
    {
        var component = o.Text(names.Source, "component") is { Length: > 0 } old ? old : o.Text(names.Reporter);
        var host = o.Text(names.Source, "host") is { Length: > 0 } source ? source : o.Text("reportingInstance");
        return host.Length > 0 ? $"{component}, {host}" : component;
    }

    private sealed record Names(string Object, string Message, string First, string Last, string Count, string Source, string Reporter);
}
