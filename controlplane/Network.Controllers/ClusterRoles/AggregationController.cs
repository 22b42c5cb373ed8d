using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Network.Api.Placement;
using Network.Client;

namespace Network.Controllers.ClusterRoles;

/// <summary>Fills aggregated cluster roles with the rules of the roles their selectors choose.</summary>
internal sealed class AggregationController : IController
{
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;

    internal AggregationController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        // Any role may feed any aggregated one; there are a handful of those.
        context.Informers.ClusterRoles.Changed += _ =>
        {
            foreach (var role in context.Informers.ClusterRoles.Items.Values.Where(IsAggregated))
                _queue.Add(role.Metadata.Name);
        };
    }

    public string Name => "clusterrole-aggregation-controller";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(1, SyncAsync, cancel);

    private async Task<TimeSpan?> SyncAsync(string name, CancellationToken cancel)
    {
        if (_context.Informers.ClusterRoles.Find(name) is not { Metadata.DeletionTimestamp: null } role || !IsAggregated(role))
            return null;
        var wanted = RulesFor(role, _context.Informers.ClusterRoles.Items.Values);
        if (JsonNode.DeepEquals(wanted, RulesOf(role)))
            return null;
        var patch = Patch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = role.Metadata.ResourceVersion }, ["rules"] = wanted });
        await _context.Client.PatchAsync(Resources.ClusterRoles, null, name, patch, null, cancel).ConfigureAwait(false);
        return null;
    }

    /// <summary>The union in order of role names; equal rules once.</summary>
    internal static JsonArray RulesFor(V1ClusterRole role, IEnumerable<V1ClusterRole> all)
    {
        var rules = new JsonArray();
        var selected = all.Where(other => other.Metadata.Name != role.Metadata.Name
            && role.AggregationRule.ClusterRoleSelectors.Any(selector => Selection.Matches(selector, other.Metadata.Labels)));
        foreach (var rule in selected.OrderBy(other => other.Metadata.Name, StringComparer.Ordinal).SelectMany(RulesOf))
        {
            if (!rules.Any(known => JsonNode.DeepEquals(known, rule)))
                rules.Add(rule!.DeepClone());
        }

        return rules;
    }

    private static bool IsAggregated(V1ClusterRole role) => role.AggregationRule?.ClusterRoleSelectors is { Count: > 0 };

    private static JsonArray RulesOf(V1ClusterRole role) => new([.. (role.Rules ?? []).Select(rule => JsonNode.Parse(KubernetesJson.Serialize(rule)))]);
}
