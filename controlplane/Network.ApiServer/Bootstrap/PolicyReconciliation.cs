using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Bootstrap;

/// <summary>
/// Brings a default role or binding up to date: what is missing is added, what somebody added stays, and the annotation autoupdate=false keeps it as it is.
/// </summary>
internal static class PolicyReconciliation
{
    public static JsonObject Complete(JsonObject old, JsonObject wanted)
    {
        if (old.Text("metadata", "annotations", "rbac.authorization.kubernetes.io/autoupdate") == "false")
            return old;
        foreach (var (key, value) in wanted["metadata"]!["labels"] as JsonObject ?? [])
            old.Child("metadata").Child("labels")[key] = value?.DeepClone();
        // The aggregation controller owns the rules of an aggregated role.
        if (wanted["aggregationRule"] is { } aggregation)
        {
            old.Default("aggregationRule", aggregation.DeepClone());
            return old;
        }

        var list = wanted["roleRef"] is null ? "rules" : "subjects";
        var present = old.Items(list).ToList();
        var missing = wanted.Items(list).Where(w => !present.Any(p => JsonNode.DeepEquals(p, w))).ToList();
        if (missing.Count > 0)
            old[list] = new JsonArray([.. present.Concat(missing).Select(i => i.DeepClone())]);
        return old;
    }
}
