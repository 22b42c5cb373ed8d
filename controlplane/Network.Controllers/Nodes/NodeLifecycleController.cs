using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Controllers.Nodes;

/// <summary>
/// Watches the heartbeat of every node. One that stays silent becomes Unknown: its pods stop being endpoints at once, and
/// taints keep new pods away and move the others after their toleration time.
/// </summary>
internal sealed partial class NodeLifecycleController : IController
{
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;
    private readonly ILogger _logger;

    internal NodeLifecycleController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        context.Informers.Nodes.Changed += change => _queue.Add(change.Object.Metadata.Name);
        context.Informers.NodeLeases.Changed += OnLease;
    }

    public string Name => "node-lifecycle-controller";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(1, SyncAsync, cancel);

    // A healthy node's renewal changes nothing here; the check that is already due later sees it.
    private void OnLease(Change<V1Lease> change)
    {
        if (_context.Informers.Nodes.Find(change.Object.Metadata.Name) is { } node && ReadyOf(node)?.Status == "Unknown")
            _queue.Add(node.Metadata.Name);
    }

    private async Task<TimeSpan?> SyncAsync(string name, CancellationToken cancel)
    {
        if (_context.Informers.Nodes.Find(name) is not { Metadata.DeletionTimestamp: null } node)
            return null;
        var silent = _context.Time.GetUtcNow() - LastHeartbeat(node);
        var grace = _context.Settings.NodeMonitorGracePeriod;
        if (silent > grace && ReadyOf(node)?.Status != "Unknown")
        {
            await MarkUnknownAsync(node, silent, cancel).ConfigureAwait(false);
            return null;
        }

        await SyncTaintsAsync(node, cancel).ConfigureAwait(false);
        return silent > grace ? null : grace - silent + TimeSpan.FromMilliseconds(50);
    }

    private DateTimeOffset LastHeartbeat(V1Node node)
    {
        var lease = _context.Informers.NodeLeases.Find($"kube-node-lease/{node.Metadata.Name}");
        var times = new[] { lease?.Spec?.RenewTime, ReadyOf(node)?.LastHeartbeatTime, node.Metadata.CreationTimestamp };
        return times.Where(time => time is not null)
            .Select(time => new DateTimeOffset(DateTime.SpecifyKind(time!.Value, DateTimeKind.Utc)))
            .DefaultIfEmpty(_context.Time.GetUtcNow())
            .Max();
    }

    private static V1NodeCondition? ReadyOf(V1Node node) => node.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready");

    private async Task MarkUnknownAsync(V1Node node, TimeSpan silent, CancellationToken cancel)
    {
        LogSilent(node.Metadata.Name, silent.TotalSeconds);
        var now = _context.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        var conditions = new JsonArray();
        foreach (var type in (string[])["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"])
        {
            conditions.Add((JsonNode)new JsonObject
            {
                ["type"] = type,
                ["status"] = "Unknown",
                ["reason"] = "NodeStatusUnknown",
                ["message"] = "Kubelet stopped posting node status.",
                ["lastTransitionTime"] = now,
            });
        }

        var patch = Patch.Strategic(new JsonObject { ["status"] = new JsonObject { ["conditions"] = conditions } });
        await _context.Client.PatchAsync(Resources.Nodes, null, node.Metadata.Name, patch, "status", cancel).ConfigureAwait(false);
        _context.Events.Record(References.To(Resources.Nodes, node), "Normal", "NodeNotReady", $"Node {node.Metadata.Name} status is now: NodeNotReady");
        await MarkPodsNotReadyAsync(node, now, cancel).ConfigureAwait(false);
    }

    private async Task MarkPodsNotReadyAsync(V1Node node, string now, CancellationToken cancel)
    {
        var ready = _context.Informers.Pods.Items.Values.Where(pod => pod.Spec.NodeName == node.Metadata.Name && Pods.PodState.IsReady(pod));
        foreach (var pod in ready)
        {
            var condition = new JsonObject { ["type"] = "Ready", ["status"] = "False", ["reason"] = "NodeNotReady", ["lastTransitionTime"] = now };
            var patch = Patch.Strategic(new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } });
            await _context.Client.PatchAsync(Resources.Pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, patch, "status", cancel).ConfigureAwait(false);
        }
    }

    private async Task SyncTaintsAsync(V1Node node, CancellationToken cancel)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(_context.Time.GetUtcNow().ToUnixTimeSeconds()).UtcDateTime;
        var taints = NodeTaints.For(node, now);
        if (NodeTaints.Same(taints, node.Spec?.Taints))
            return;
        LogTaints(node.Metadata.Name, string.Join(',', taints.Select(taint => $"{taint.Key}:{taint.Effect}")));
        var list = new JsonArray();
        foreach (var taint in taints)
            list.Add(JsonNode.Parse(k8s.KubernetesJson.Serialize(taint)));
        var patch = Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = node.Metadata.ResourceVersion },
            ["spec"] = new JsonObject { ["taints"] = taints.Count == 0 ? null : list },
        });
        await _context.Client.PatchAsync(Resources.Nodes, null, node.Metadata.Name, patch, null, cancel).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "node={Node} silent for {Seconds:0.#} s, now Unknown")]
    private partial void LogSilent(string node, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "taints node={Node} taints={Taints}")]
    private partial void LogTaints(string node, string taints);
}
