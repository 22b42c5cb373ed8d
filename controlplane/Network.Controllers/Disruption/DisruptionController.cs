using System.Text.Json.Nodes;
using k8s.Models;
using Network.Api.Placement;
using Network.Api.Schema;
using Network.Client;

namespace Network.Controllers.Disruption;

/// <summary>Keeps the status of disruption budgets: evictions are judged by it and nothing else.</summary>
internal sealed class DisruptionController : IController
{
    // An evicted pod that is still here after this was not deleted after all.
    private static readonly TimeSpan s_evictionPatience = TimeSpan.FromMinutes(2);
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;

    internal DisruptionController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        context.Informers.PodDisruptionBudgets.Changed += change => _queue.Add(Informer<V1PodDisruptionBudget>.KeyOf(change.Object));
        context.Informers.Pods.Changed += change =>
        {
            foreach (var budget in BudgetsOf(change.Object))
                _queue.Add(Informer<V1PodDisruptionBudget>.KeyOf(budget));
        };
        context.Informers.ReplicaSets.Changed += change => AddNamespace(change.Object.Metadata.NamespaceProperty);
        context.Informers.Deployments.Changed += change => AddNamespace(change.Object.Metadata.NamespaceProperty);
    }

    public string Name => "disruption-controller";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(1, SyncAsync, cancel);

    private void AddNamespace(string ns)
    {
        foreach (var budget in _context.Informers.PodDisruptionBudgets.Items.Values.Where(b => b.Metadata.NamespaceProperty == ns))
            _queue.Add(Informer<V1PodDisruptionBudget>.KeyOf(budget));
    }

    private IEnumerable<V1PodDisruptionBudget> BudgetsOf(V1Pod pod) => _context.Informers.PodDisruptionBudgets.Items.Values
        .Where(b => b.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty && Selection.Matches(b.Spec.Selector, pod.Metadata.Labels));

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancel)
    {
        if (_context.Informers.PodDisruptionBudgets.Find(key) is not { Metadata.DeletionTimestamp: null } budget)
            return null;
        var pods = _context.Informers.Pods.Items.Values.Where(p => p.Metadata.NamespaceProperty == budget.Metadata.NamespaceProperty
            && p.Status?.Phase is not ("Succeeded" or "Failed") && Selection.Matches(budget.Spec.Selector, p.Metadata.Labels)).ToList();
        var now = _context.Time.GetUtcNow();
        var disrupted = (budget.Status?.DisruptedPods ?? new Dictionary<string, DateTime?>())
            .Where(pair => pods.Any(p => p.Metadata.Name == pair.Key && p.Metadata.DeletionTimestamp is null) && pair.Value + s_evictionPatience > now.UtcDateTime).ToList();
        var healthy = pods.Count(p => p.Metadata.DeletionTimestamp is null && disrupted.All(d => d.Key != p.Metadata.Name) && IsReady(p));
        var result = DisruptionBudget.Of(budget.Spec, await ExpectedAsync(budget, pods, cancel).ConfigureAwait(false), healthy);
        var status = StatusOf(budget, result, disrupted, now);
        if (Same(budget.Status, result, budget.Metadata.Generation, disrupted.Count))
            return disrupted.Count > 0 ? s_evictionPatience : null;
        await _context.Client.PatchAsync(Resources.PodDisruptionBudgets, budget.Metadata.NamespaceProperty, budget.Metadata.Name, Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = budget.Metadata.ResourceVersion }, ["status"] = status,
        }), "status", cancel).ConfigureAwait(false);
        return disrupted.Count > 0 ? s_evictionPatience : null;
    }

    private async Task<int> ExpectedAsync(V1PodDisruptionBudget budget, List<V1Pod> pods, CancellationToken cancel)
    {
        // An absolute minimum needs no owner: pods made by hand count as well.
        if (budget.Spec.MaxUnavailable is null && budget.Spec.MinAvailable?.Value.EndsWith('%') != true)
            return pods.Count;
        var total = 0;
        foreach (var owner in pods.Select(p => p.Metadata.OwnerReferences?.FirstOrDefault(o => o.Controller == true)).DistinctBy(o => o?.Uid))
            total += owner is null ? pods.Count(p => p.Metadata.OwnerReferences?.Any(o => o.Controller == true) != true) : await ScaleAsync(owner, budget, pods, cancel).ConfigureAwait(false);
        return total;
    }

    private async Task<int> ScaleAsync(V1OwnerReference owner, V1PodDisruptionBudget budget, List<V1Pod> pods, CancellationToken cancel)
    {
        var ns = budget.Metadata.NamespaceProperty;
        if (owner.Kind == "ReplicaSet" && _context.Informers.ReplicaSets.Find($"{ns}/{owner.Name}") is { } set)
        {
            var deployment = set.Metadata.OwnerReferences?.FirstOrDefault(o => o is { Controller: true, Kind: "Deployment" });
            // While a deployment rolls, its old and new sets together are one scale.
            if (deployment is null || _context.Informers.Deployments.Find($"{ns}/{deployment.Name}") is not { } above)
                return set.Spec.Replicas ?? 1;
            var first = pods.Select(p => p.Metadata.OwnerReferences?.FirstOrDefault(o => o.Controller == true)?.Name)
                .First(n => n is not null && _context.Informers.ReplicaSets.Find($"{ns}/{n}")?.Metadata.OwnerReferences?.Any(o => o.Uid == deployment.Uid) == true);
            return first == owner.Name ? above.Spec.Replicas ?? 1 : 0;
        }

        var plural = owner.Kind switch { "StatefulSet" => "statefulsets", "ReplicationController" => "replicationcontrollers", "ReplicaSet" => "replicasets", _ => "" };
        if (plural.Length == 0)
            return pods.Count(p => p.Metadata.OwnerReferences?.Any(o => o.Uid == owner.Uid) == true);
        var root = owner.ApiVersion.Contains('/') ? "/apis/" : "/api/";
        var scale = await _context.Client.RequestAsync(HttpMethod.Get, $"{root}{owner.ApiVersion}/namespaces/{ns}/{plural}/{owner.Name}/scale", null, cancel).ConfigureAwait(false);
        return (int)(scale.Number("spec", "replicas") ?? 0);
    }

    private static bool IsReady(V1Pod pod) => pod.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;

    private static bool Same(V1PodDisruptionBudgetStatus? status, DisruptionBudget result, long? generation, int disrupted) => status is not null
        && status.DisruptionsAllowed == result.Allowed && status.CurrentHealthy == result.Healthy && status.DesiredHealthy == result.Desired
        && status.ExpectedPods == result.Expected && status.ObservedGeneration == generation && (status.DisruptedPods?.Count ?? 0) == disrupted
        && status.Conditions?.Any(c => c.Type == "DisruptionAllowed") == true;

    private static JsonObject StatusOf(V1PodDisruptionBudget budget, DisruptionBudget result, List<KeyValuePair<string, DateTime?>> disrupted, DateTimeOffset now)
    {
        var allowed = result.Allowed > 0;
        var before = budget.Status?.Conditions?.FirstOrDefault(c => c.Type == "DisruptionAllowed");
        var changed = before is not null && before.Status == (allowed ? "True" : "False") ? new DateTimeOffset(before.LastTransitionTime.ToUniversalTime(), TimeSpan.Zero) : now;
        // Null members take away what a merge would keep.
        var gone = (budget.Status?.DisruptedPods?.Keys ?? Enumerable.Empty<string>()).Where(name => disrupted.All(d => d.Key != name)).Select(name => KeyValuePair.Create(name, (JsonNode?)null));
        return new JsonObject
        {
            ["observedGeneration"] = budget.Metadata.Generation ?? 0, ["disruptionsAllowed"] = result.Allowed, ["currentHealthy"] = result.Healthy,
            ["desiredHealthy"] = result.Desired, ["expectedPods"] = result.Expected, ["disruptedPods"] = new JsonObject(gone),
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "DisruptionAllowed", ["status"] = allowed ? "True" : "False", ["reason"] = allowed ? "SufficientPods" : "InsufficientPods", ["message"] = "",
                ["observedGeneration"] = budget.Metadata.Generation ?? 0, ["lastTransitionTime"] = WireTime.Format(changed),
            }),
        };
    }
}
