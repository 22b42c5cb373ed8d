using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.ApiServer.Bootstrap;

/// <summary>APIService objects of the groups this server serves itself, as clients find them in every cluster.</summary>
internal static class GroupRegistrations
{
    // Upstream's weights: the core group before everything, stable versions before their betas.
    private const int CorePriority = 18000;
    private const int GroupPriority = 17800;

    public static IEnumerable<JsonObject> All(DateTimeOffset now) => ResourceCatalog.All
        .Select(r => (r.Group, r.Version)).Distinct().Select(v => Of(v.Group, v.Version, now));

    private static JsonObject Of(string group, string version, DateTimeOffset now)
    {
        var spec = new JsonObject { ["version"] = version, ["groupPriorityMinimum"] = group.Length == 0 ? CorePriority : GroupPriority, ["versionPriority"] = Priority(version) };
        if (group.Length > 0)
            spec["group"] = group;
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{version}.{group}", ["labels"] = new JsonObject { ["kube-aggregator.kubernetes.io/automanaged"] = "onstart" },
            },
            ["spec"] = spec,
            ["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = "Available", ["status"] = "True", ["reason"] = "Local", ["message"] = "Local APIServices are always available",
                    ["lastTransitionTime"] = WireTime.Format(now),
                }),
            },
        };
    }

    private static int Priority(string version) => version.Contains("beta") ? 9 : version == "v1" ? 15 : 20;
}
