using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Api.Placement;
using Network.Client;
using Network.Controllers.Pods;

namespace Network.Controllers.ReplicaSets;

/// <summary>Keeps as many pods as a ReplicaSet asks for; adopts matching orphans and releases pods that stopped matching.</summary>
internal sealed partial class ReplicaSetController : IController
{
    private const int Burst = 500;
    private readonly ControllerContext _context;
    private readonly OwnedPods _owned;
    private readonly PodControl _pods;
    private readonly WorkQueue<string> _queue;
    private readonly ILogger _logger;

    internal ReplicaSetController(ControllerContext context, OwnedPods owned)
    {
        _context = context;
        _owned = owned;
        _pods = new PodControl(context, owned);
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        owned.OwnerChanged += (owner, ns) =>
        {
            if (owner.Kind == "ReplicaSet")
                _queue.Add($"{ns}/{owner.Name}");
        };
        context.Informers.Pods.Changed += OnOrphan;
        context.Informers.ReplicaSets.Changed += change => _queue.Add(Informer<V1ReplicaSet>.KeyOf(change.Object));
    }

    public string Name => "replicaset-controller";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(2, SyncAsync, cancel);

    private void OnOrphan(Change<V1Pod> change)
    {
        if (change.IsDelete || References.ControllerOwner(change.Object.Metadata) is not null)
            return;
        foreach (var set in _context.Informers.ReplicaSets.Items.Values)
        {
            if (set.Metadata.NamespaceProperty == change.Object.Metadata.NamespaceProperty && Selection.Matches(set.Spec.Selector, change.Object.Metadata.Labels))
                _queue.Add(Informer<V1ReplicaSet>.KeyOf(set));
        }
    }

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancel)
    {
        if (_context.Informers.ReplicaSets.Find(key) is not { } set)
            return null;
        var pods = await ClaimAsync(set, cancel).ConfigureAwait(false);
        Exception? failure = null;
        if (set.Metadata.DeletionTimestamp is null)
        {
            try
            {
                await ScaleAsync(set, pods, cancel).ConfigureAwait(false);
            }
            catch (ApiException e)
            {
                failure = e;
            }
        }

        pods = _owned.Of(set.Metadata.Uid).Where(PodState.IsActive).ToList();
        await WriteStatusAsync(set, pods, failure, cancel).ConfigureAwait(false);
        return failure is null ? NextAvailability(set, pods) : throw failure;
    }

    private async Task<List<V1Pod>> ClaimAsync(V1ReplicaSet set, CancellationToken cancel)
    {
        var mine = new List<V1Pod>();
        foreach (var pod in _owned.Of(set.Metadata.Uid).Where(PodState.IsActive))
        {
            if (Selection.Matches(set.Spec.Selector, pod.Metadata.Labels))
                mine.Add(pod);
            else
                await _pods.ReleaseAsync(set.Metadata.Uid, pod, cancel).ConfigureAwait(false);
        }

        if (set.Metadata.DeletionTimestamp is not null)
            return mine;
        foreach (var pod in _context.Informers.Pods.Items.Values)
        {
            if (pod.Metadata.NamespaceProperty == set.Metadata.NamespaceProperty && References.ControllerOwner(pod.Metadata) is null
                && PodState.IsActive(pod) && Selection.Matches(set.Spec.Selector, pod.Metadata.Labels))
            {
                await _pods.AdoptAsync(Resources.ReplicaSets, set, pod, cancel).ConfigureAwait(false);
                mine.Add(pod);
            }
        }

        return mine;
    }

    private async Task ScaleAsync(V1ReplicaSet set, List<V1Pod> pods, CancellationToken cancel)
    {
        var missing = (set.Spec.Replicas ?? 1) - pods.Count;
        if (missing > 0)
        {
            LogScaling(Informer<V1ReplicaSet>.KeyOf(set), pods.Count, set.Spec.Replicas ?? 1);
            await PodControl.InBatchesAsync(Math.Min(missing, Burst),
                () => _pods.CreateAsync(Resources.ReplicaSets, set, set.Spec.Template, null, cancel)).ConfigureAwait(false);
        }
        else if (missing < 0)
        {
            LogScaling(Informer<V1ReplicaSet>.KeyOf(set), pods.Count, set.Spec.Replicas ?? 1);
            await Task.WhenAll(PodState.DeletionOrder(pods).Take(Math.Min(-missing, Burst))
                .Select(pod => _pods.DeleteAsync(Resources.ReplicaSets, set, pod, cancel))).ConfigureAwait(false);
        }
    }

    private async Task WriteStatusAsync(V1ReplicaSet set, IReadOnlyList<V1Pod> pods, Exception? failure, CancellationToken cancel)
    {
        var status = ReplicaSetStatus.Of(set, pods, failure?.Message, _context.Time.GetUtcNow());
        if (KubernetesJson.Serialize(status) == KubernetesJson.Serialize(set.Status ?? new V1ReplicaSetStatus()))
            return;
        var updated = set with { Status = status };
        await _context.Client.ReplaceAsync(Resources.ReplicaSets, updated, "status", cancel).ConfigureAwait(false);
    }

    private TimeSpan? NextAvailability(V1ReplicaSet set, IReadOnlyList<V1Pod> pods)
    {
        var seconds = set.Spec.MinReadySeconds ?? 0;
        var now = _context.Time.GetUtcNow();
        var waiting = pods.Where(pod => PodState.IsReady(pod) && !PodState.IsAvailable(pod, seconds, now)).ToList();
        return waiting.Count == 0 ? null : waiting.Min(pod => PodState.AvailableAt(pod, seconds)) - now + TimeSpan.FromMilliseconds(10);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "scaling replicaset={Set} have={Have} want={Want}")]
    private partial void LogScaling(string set, int have, int want);
}
