using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Controllers.Deployments;

/// <summary>Rolls a deployment's template out through ReplicaSets, one per template, and reports how far it is.</summary>
internal sealed partial class DeploymentController : IController
{
    private readonly ControllerContext _context;
    private readonly ReplicaSetControl _sets;
    private readonly WorkQueue<string> _queue;
    private readonly ILogger _logger;

    internal DeploymentController(ControllerContext context)
    {
        _context = context;
        _sets = new ReplicaSetControl(context);
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        context.Informers.Deployments.Changed += change => _queue.Add(Informer<V1Deployment>.KeyOf(change.Object));
        context.Informers.ReplicaSets.Changed += OnSet;
        context.Informers.Pods.Changed += OnPodGone;
    }

    public string Name => "deployment-controller";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(2, SyncAsync, cancel);

    private void OnSet(Change<V1ReplicaSet> change)
    {
        foreach (var meta in new[] { change.Old?.Metadata, change.New?.Metadata })
        {
            if (meta is not null && References.ControllerOwner(meta) is { Kind: "Deployment" } owner)
                _queue.Add($"{meta.NamespaceProperty}/{owner.Name}");
        }
    }

    // Recreate waits for the old pods to be really gone, which no ReplicaSet's status tells.
    private void OnPodGone(Change<V1Pod> change)
    {
        if (!change.IsDelete || References.ControllerOwner(change.Object.Metadata) is not { Kind: "ReplicaSet" } owner)
            return;
        if (_context.Informers.ReplicaSets.Find($"{change.Object.Metadata.NamespaceProperty}/{owner.Name}") is { } set
            && References.ControllerOwner(set.Metadata) is { Kind: "Deployment" } deployment)
            _queue.Add($"{set.Metadata.NamespaceProperty}/{deployment.Name}");
    }

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancel)
    {
        if (_context.Informers.Deployments.Find(key) is not { } deployment)
            return null;
        var owned = await _sets.ClaimAsync(deployment, cancel).ConfigureAwait(false);
        var rollout = await _sets.PrepareAsync(deployment, owned, cancel).ConfigureAwait(false);
        if (deployment.Metadata.DeletionTimestamp is null)
        {
            if (IsScaling(deployment, rollout))
                rollout = await ScaleProportionallyAsync(deployment, rollout, cancel).ConfigureAwait(false);
            else if (deployment.Spec.Paused != true)
                rollout = await AdvanceAsync(deployment, rollout, cancel).ConfigureAwait(false);
            await _sets.CleanUpAsync(deployment, rollout, cancel).ConfigureAwait(false);
        }

        await WriteStatusAsync(deployment, rollout, cancel).ConfigureAwait(false);
        var progressing = deployment.Status?.Conditions?.Any(c => c is { Type: "Progressing", Reason: "ReplicaSetUpdated" }) == true;
        return progressing ? TimeSpan.FromSeconds(deployment.Spec.ProgressDeadlineSeconds ?? 600) : null;
    }

    private async Task<Rollout> AdvanceAsync(V1Deployment deployment, Rollout rollout, CancellationToken cancel)
    {
        var wanted = deployment.Spec.Replicas ?? 1;
        if (Revisions.IsRecreate(deployment))
        {
            rollout = await _sets.ResizeAsync(deployment, rollout, rollout.Old.ToDictionary(set => set.Metadata.Name, _ => 0), cancel).ConfigureAwait(false);
            if (rollout.Old.Any(HasPods))
                return rollout;
            rollout = await _sets.EnsureFreshAsync(deployment, rollout, wanted, cancel).ConfigureAwait(false);
            return await _sets.ResizeAsync(deployment, rollout, new() { [rollout.Fresh!.Metadata.Name] = wanted }, cancel).ConfigureAwait(false);
        }

        var (surge, unavailable) = RolloutArithmetic.Bounds(deployment);
        var others = rollout.Old.Sum(set => set.Spec.Replicas ?? 0);
        rollout = await _sets.EnsureFreshAsync(deployment, rollout, RolloutArithmetic.NewSize(wanted, surge, 0, others), cancel).ConfigureAwait(false);
        var fresh = rollout.Fresh!;
        var size = fresh.Spec.Replicas ?? 0;
        var grown = RolloutArithmetic.NewSize(wanted, surge, size, size + others);
        if (grown != size)
            return await _sets.ResizeAsync(deployment, rollout, new() { [fresh.Metadata.Name] = grown }, cancel).ConfigureAwait(false);
        var sizes = RolloutArithmetic.ShrinkOld(rollout.Old, fresh, wanted, unavailable);
        return await _sets.ResizeAsync(deployment, rollout, sizes, cancel).ConfigureAwait(false);
    }

    private bool HasPods(V1ReplicaSet set) => _context.Informers.Pods.Items.Values.Any(pod =>
        References.ControllerOwner(pod.Metadata)?.Uid == set.Metadata.Uid && pod.Status?.Phase is not ("Succeeded" or "Failed"));

    // The number wanted changed while several templates are alive: every set keeps its share (upstream's proportional scaling).
    private static bool IsScaling(V1Deployment deployment, Rollout rollout) => rollout.All.Any(set => (set.Spec.Replicas ?? 0) > 0
        && set.Metadata.Annotations?.TryGetValue("deployment.kubernetes.io/desired-replicas", out var desired) == true
        && desired != (deployment.Spec.Replicas ?? 1).ToString());

    private async Task<Rollout> ScaleProportionallyAsync(V1Deployment deployment, Rollout rollout, CancellationToken cancel)
    {
        var wanted = deployment.Spec.Replicas ?? 1;
        var alive = rollout.All.Where(set => (set.Spec.Replicas ?? 0) > 0).ToList();
        var total = alive.Sum(set => set.Spec.Replicas ?? 0);
        var allowed = wanted == 0 ? 0 : wanted + (alive.Count > 1 && !Revisions.IsRecreate(deployment) ? RolloutArithmetic.Bounds(deployment).Surge : 0);
        var left = allowed - total;
        var sizes = new Dictionary<string, int>();
        foreach (var set in alive.OrderByDescending(set => set.Spec.Replicas).ThenByDescending(set => set.Metadata.CreationTimestamp))
        {
            var share = (int)Math.Round((double)(set.Spec.Replicas ?? 0) * allowed / total) - (set.Spec.Replicas ?? 0);
            share = left >= 0 ? Math.Clamp(share, 0, left) : Math.Clamp(share, left, 0);
            sizes[set.Metadata.Name] = (set.Spec.Replicas ?? 0) + share;
            left -= share;
        }

        if (left != 0 && alive.Count > 0)
        {
            var first = alive.MaxBy(set => set.Spec.Replicas)!.Metadata.Name;
            sizes[first] = Math.Max(0, sizes[first] + left);
        }

        return await _sets.ResizeAsync(deployment, rollout, sizes, cancel).ConfigureAwait(false);
    }

    private async Task WriteStatusAsync(V1Deployment deployment, Rollout rollout, CancellationToken cancel)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(_context.Time.GetUtcNow().ToUnixTimeSeconds()).UtcDateTime;
        var status = DeploymentStatus.Of(deployment, rollout.Fresh, rollout.All, now);
        if (KubernetesJson.Serialize(status) == KubernetesJson.Serialize(deployment.Status ?? new V1DeploymentStatus()))
            return;
        LogStatus(Informer<V1Deployment>.KeyOf(deployment), status.UpdatedReplicas ?? 0, status.AvailableReplicas ?? 0, deployment.Spec.Replicas ?? 1);
        await _context.Client.ReplaceAsync(Resources.Deployments, deployment with { Status = status }, "status", cancel).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "deployment={Deployment} updated={Updated} available={Available} want={Want}")]
    private partial void LogStatus(string deployment, int updated, int available, int want);
}
