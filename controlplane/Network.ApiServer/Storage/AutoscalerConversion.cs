using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Storage;

/// <summary>
/// autoscaling/v1 knows one number, the CPU utilization. What else v2 says travels in annotations, so that a v1 client that reads and writes loses nothing.
/// </summary>
internal static class AutoscalerConversion
{
    private const string Prefix = "autoscaling.alpha.kubernetes.io/";

    // Member of the object, name of its annotation.
    private static readonly (string Part, string Member, string Annotation)[] s_carried =
    [
        ("spec", "metrics", Prefix + "metrics"), ("spec", "behavior", Prefix + "behavior"),
        ("status", "currentMetrics", Prefix + "current-metrics"), ("status", "conditions", Prefix + "conditions"),
    ];

    public static void ToOld(JsonObject scaler)
    {
        MoveOut(scaler, "spec", "metrics", "target", "targetCPUUtilizationPercentage");
        MoveOut(scaler, "status", "currentMetrics", "current", "currentCPUUtilizationPercentage");
        foreach (var (part, member, annotation) in s_carried)
        {
            if (scaler[part] is JsonObject owner && owner.Remove(member, out var rest) && rest is JsonObject or JsonArray { Count: > 0 })
                scaler.Child("metadata").Child("annotations")[annotation] = rest.ToJsonString();
        }
    }

    public static void ToNew(JsonObject scaler)
    {
        var annotations = scaler["metadata"].At("annotations") as JsonObject;
        foreach (var (part, member, annotation) in s_carried)
        {
            if (annotations is not null && annotations.Remove(annotation, out var text) && Parse(text) is { } rest)
                scaler.Child(part)[member] = rest;
        }

        MoveIn(scaler, "spec", "metrics", "target", "targetCPUUtilizationPercentage");
        MoveIn(scaler, "status", "currentMetrics", "current", "currentCPUUtilizationPercentage");
    }

    private static void MoveOut(JsonObject scaler, string part, string list, string side, string field)
    {
        if (scaler.At(part, list) is not JsonArray metrics)
            return;
        foreach (var metric in metrics.OfType<JsonObject>())
        {
            if (metric.Text("resource", "name") != "cpu" || metric.Number("resource", side, "averageUtilization") is not { } percent)
                continue;
            scaler.Child(part)[field] = percent;
            metrics.Remove(metric);
            return;
        }
    }

    private static void MoveIn(JsonObject scaler, string part, string list, string side, string field)
    {
        if (scaler[part] is not JsonObject owner || !owner.Remove(field, out var percent) || percent is null)
            return;
        var amount = side == "target" ? new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = percent } : new JsonObject { ["averageUtilization"] = percent };
        var metric = new JsonObject { ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", [side] = amount } };
        if (owner[list] is JsonArray metrics)
            metrics.Insert(0, metric);
        else
            owner[list] = new JsonArray(metric);
    }

    // The annotation is a client's text; what is no JSON is not ours.
    private static JsonNode? Parse(JsonNode? text) => text is JsonValue value && value.TryGetValue<string>(out var json) ? FreeJson.TryParse(json) : null;
}
