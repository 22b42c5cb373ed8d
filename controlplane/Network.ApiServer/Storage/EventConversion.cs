using System.Text.Json.Nodes;

namespace Network.ApiServer.Storage;

/// <summary>The two spellings of an event (k8s.io/api events/v1 conversion).</summary>
internal static class EventConversion
{
    private static readonly (string Core, string New)[] s_fields =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("reportingComponent", "reportingController"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"),
    ];

    public static void ToNew(JsonObject value)
    {
        foreach (var (core, renamed) in s_fields)
            Rename(value, core, renamed);
    }

    public static void ToCore(JsonObject value)
    {
        foreach (var (core, renamed) in s_fields)
            Rename(value, renamed, core);
    }

    private static void Rename(JsonObject value, string from, string to)
    {
        if (value.Remove(from, out var member))
            value[to] = member;
    }
}
