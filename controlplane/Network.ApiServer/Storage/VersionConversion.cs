using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.ApiServer.Storage;

/// <summary>Resources that show another resource's objects: older names change only apiVersion, the two Event kinds also rename fields.</summary>
internal static class VersionConversion
{
    // core name, events.k8s.io name (k8s.io/api events/v1 conversion).
    private static readonly (string Core, string New)[] s_eventFields =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("reportingComponent", "reportingController"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"),
    ];

    public static MessageType StoredSchema(ResourceInfo resource) =>
        resource.Kind == "Event" ? ApiSchema.Get("core.v1.Event") : resource.Schema;

    public static JsonObject ToServed(ResourceInfo resource, JsonObject stored)
    {
        if (resource.Kind == "Event")
            Rename(stored, f => f.Core, f => f.New);
        stored["apiVersion"] = resource.ApiVersion;
        return stored;
    }

    public static JsonObject ToStored(ResourceInfo resource, JsonObject served)
    {
        if (resource.Kind == "Event")
            Rename(served, f => f.New, f => f.Core);
        served["apiVersion"] = resource.StoredApiVersion;
        return served;
    }

    private static void Rename(JsonObject value, Func<(string Core, string New), string> from, Func<(string Core, string New), string> to)
    {
        foreach (var field in s_eventFields)
        {
            if (value.Remove(from(field), out var member))
                value[to(field)] = member;
        }
    }
}
