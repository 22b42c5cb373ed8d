using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Controllers.Pods;

namespace Network.Controllers.DaemonSets;

/// <summary>One pod of the template on every node that may have it; templates roll node by node.</summary>
internal sealed partial class DaemonSetController : IController
{
    private readonly ControllerContext _context;
    private readonly OwnedPods _owned;
    private readonly PodControl _pods;
    private readonly TemplateHistory _history;
    private readonly WorkQueue<string> _queue;
    private readonly ILogger _logger;

    internal DaemonSetController(ControllerContext context, OwnedPods owned)
    {
        _context = context;
        _owned = owned;
        _pods = new PodControl(context, owned);
        _history = new TemplateHistory(context);
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        owned.OwnerChanged += (owner, ns) =>
        {
            if (owner.Kind == "DaemonSet")
                _queue.Add($"{ns}/{owner.Name}");
        };
        context.Informers.DaemonSets.Changed += change => _queue.Add(Informer<V1DaemonSet>.KeyOf(change.Object));
        context.Informers.Nodes.Changed += OnNode;
    }

    public string Name => "daemonset-controller";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(2, SyncAsync, cancel);

    private void OnNode(Change<V1Node> change)
    {
        if (change is { Old: { } old, New: { } now } && Placement.Fingerprint(old) == Placement.Fingerprint(now))
            return;
        foreach (var key in _context.Informers.DaemonSets.Items.Keys)
            _queue.Add(key);
    }

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancel)
    {
        if (_context.Informers.DaemonSets.Find(key) is not { Metadata.DeletionTimestamp: null } set)
            return null;
        var hash = await _history.CurrentHashAsync(set, cancel).ConfigureAwait(false);
        var view = View(set, hash);
        await PlaceAsync(set, hash, view, cancel).ConfigureAwait(false);
        await RollAsync(set, View(set, hash), cancel).ConfigureAwait(false);
        await WriteStatusAsync(set, View(set, hash), cancel).ConfigureAwait(false);
        return null;
    }

    private DaemonView View(V1DaemonSet set, string hash) => DaemonView.Of(set, hash, _context.Informers.Nodes.Items.Values, _owned.Of(set.Metadata.Uid));

    private async Task PlaceAsync(V1DaemonSet set, string hash, DaemonView view, CancellationToken cancel)
    {
        foreach (var pod in view.Misplaced)
            await _pods.DeleteAsync(Resources.DaemonSets, set, pod, cancel).ConfigureAwait(false);
        if (view.Missing.Count == 0)
            return;
        LogPlacing(Informer<V1DaemonSet>.KeyOf(set), view.Missing.Count);
        var nodes = new Queue<string>(view.Missing);
        await PodControl.InBatchesAsync(nodes.Count, async () =>
        {
            string node;
            lock (nodes)
                node = nodes.Dequeue();
            await _pods.CreateAsync(Resources.DaemonSets, set, set.Spec.Template, pod => Placement.Pin(pod, node, hash), cancel).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    // Old pods that are not available go at once; available ones only as far as maxUnavailable allows.
    private async Task RollAsync(V1DaemonSet set, DaemonView view, CancellationToken cancel)
    {
        if (set.Spec.UpdateStrategy?.Type == "OnDelete" || view.Outdated.Count == 0)
            return;
        var now = _context.Time.GetUtcNow();
        var least = set.Spec.MinReadySeconds ?? 0;
        var allowed = Math.Max(1, Deployments.RolloutArithmetic.Resolve(set.Spec.UpdateStrategy?.RollingUpdate?.MaxUnavailable, "1", view.Desired, up: true));
        var budget = allowed - (view.Desired - view.Current.Count(pod => PodState.IsAvailable(pod, least, now)));
        foreach (var pod in view.Outdated.OrderBy(pod => PodState.IsAvailable(pod, least, now)))
        {
            if (PodState.IsAvailable(pod, least, now) && budget-- <= 0)
                break;
            await _pods.DeleteAsync(Resources.DaemonSets, set, pod, cancel).ConfigureAwait(false);
        }
    }

    private async Task WriteStatusAsync(V1DaemonSet set, DaemonView view, CancellationToken cancel)
    {
        var now = _context.Time.GetUtcNow();
        var available = view.Current.Count(pod => PodState.IsAvailable(pod, set.Spec.MinReadySeconds ?? 0, now));
        var updated = view.Current.Count - view.Outdated.Count;
        var status = new V1DaemonSetStatus
        {
            CurrentNumberScheduled = view.Current.Count,
            DesiredNumberScheduled = view.Desired,
            NumberMisscheduled = view.Misplaced.Count + view.Staying.Count,
            NumberReady = view.Current.Count(PodState.IsReady),
            NumberAvailable = available == 0 ? null : available,
            NumberUnavailable = view.Desired == available ? null : view.Desired - available,
            UpdatedNumberScheduled = updated == 0 ? null : updated,
            ObservedGeneration = set.Metadata.Generation,
            CollisionCount = set.Status?.CollisionCount,
            Conditions = set.Status?.Conditions,
        };
        if (KubernetesJson.Serialize(status) != KubernetesJson.Serialize(set.Status ?? new V1DaemonSetStatus()))
            await _context.Client.ReplaceAsync(Resources.DaemonSets, set with { Status = status }, "status", cancel).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "placing daemonset={Set} nodes={Nodes}")]
    private partial void LogPlacing(string set, int nodes);
}
