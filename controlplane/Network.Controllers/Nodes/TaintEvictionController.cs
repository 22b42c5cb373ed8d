using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Api.Placement;
using Network.Client;

namespace Network.Controllers.Nodes;

/// <summary>Deletes pods from nodes whose NoExecute taints they do not tolerate, or no longer do; and pods of nodes that are gone.</summary>
internal sealed partial class TaintEvictionController : IController
{
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;
    private readonly ILogger _logger;

    internal TaintEvictionController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        context.Informers.Nodes.Changed += OnNode;
        context.Informers.Pods.Changed += change =>
        {
            if (!change.IsDelete && !string.IsNullOrEmpty(change.Object.Spec.NodeName) && change.Old?.Spec.NodeName != change.Object.Spec.NodeName)
                _queue.Add(Informer<V1Pod>.KeyOf(change.Object));
        };
    }

    public string Name => "taint-eviction-controller";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(1, SyncAsync, cancel);

    private static IEnumerable<V1Taint> Evicting(V1Node? node) => (node?.Spec?.Taints ?? []).Where(taint => taint.Effect == "NoExecute");

    private void OnNode(Change<V1Node> change)
    {
        if (!change.IsDelete && NodeTaints.Same(Evicting(change.Old), Evicting(change.New)))
            return;
        foreach (var (key, pod) in _context.Informers.Pods.Items)
        {
            if (pod.Spec.NodeName == change.Object.Metadata.Name)
                _queue.Add(key);
        }
    }

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancel)
    {
        if (_context.Informers.Pods.Find(key) is not { } pod || string.IsNullOrEmpty(pod.Spec.NodeName))
            return null;
        if (_context.Informers.Nodes.Find(pod.Spec.NodeName) is not { } node)
        {
            // Nobody is left to confirm the end of these pods.
            if (await NodeIsGoneAsync(pod.Spec.NodeName, cancel).ConfigureAwait(false))
                await EvictAsync(pod, force: true, $"node {pod.Spec.NodeName} is gone", cancel).ConfigureAwait(false);
            return null;
        }

        if (pod.Metadata.DeletionTimestamp is not null || DeadlineOf(pod, node) is not { } deadline)
            return null;
        var left = deadline - _context.Time.GetUtcNow();
        if (left > TimeSpan.Zero)
            return left;
        await EvictAsync(pod, force: false, "taint", cancel).ConfigureAwait(false);
        return null;
    }

    private async Task<bool> NodeIsGoneAsync(string node, CancellationToken cancel) =>
        await _context.Client.FindAsync(Resources.Nodes, null, node, cancel).ConfigureAwait(false) is null;

    private static DateTimeOffset? DeadlineOf(V1Pod pod, V1Node node)
    {
        DateTimeOffset? earliest = null;
        foreach (var taint in Evicting(node))
        {
            var tolerations = (pod.Spec.Tolerations ?? []).Where(toleration => toleration.Tolerates(taint)).ToList();
            if (tolerations.Any(t => t.TolerationSeconds is null))
                continue;
            var since = taint.TimeAdded is { } added ? new DateTimeOffset(DateTime.SpecifyKind(added, DateTimeKind.Utc)) : DateTimeOffset.MinValue;
            var until = tolerations.Count == 0 ? since : since.AddSeconds(tolerations.Min(t => t.TolerationSeconds!.Value));
            earliest = earliest is { } known && known < until ? known : until;
        }

        return earliest;
    }

    private async Task EvictAsync(V1Pod pod, bool force, string why, CancellationToken cancel)
    {
        LogEvicting(Informer<V1Pod>.KeyOf(pod), pod.Spec.NodeName, why);
        _context.Events.Record(References.To(Resources.Pods, pod), "Normal", "TaintManagerEviction", $"Marking for deletion Pod {Informer<V1Pod>.KeyOf(pod)}");
        var options = new V1DeleteOptions { GracePeriodSeconds = force ? 0 : null, Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } };
        await _context.Client.DeleteAsync(Resources.Pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, options, cancel).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "evicting pod={Pod} node={Node} why={Why}")]
    private partial void LogEvicting(string pod, string node, string why);
}
