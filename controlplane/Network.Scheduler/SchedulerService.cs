using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Scheduler;

/// <summary>
/// Binds pods without a node to nodes. Watches pods and nodes, decides by <see cref="Decision"/>, posts a Binding. Driven
/// by changes only: a pod that fits nowhere is looked at again when a node or the load on the nodes changes.
/// </summary>
public sealed partial class SchedulerService
{
    private const string Name = "default-scheduler";
    private readonly ApiClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Informer<V1Node> _nodes;
    private readonly Informer<V1Pod> _pods;
    private readonly EventRecorder _events;
    private readonly WorkQueue<string> _queue;
    private readonly ConcurrentDictionary<string, byte> _waiting = new();

    // Bound by us, not yet seen bound by the informer: their room is taken all the same.
    private readonly ConcurrentDictionary<string, string> _assumed = new();
    private readonly ConcurrentDictionary<string, Decision> _decisions = new();

    public SchedulerService(ApiClient client, TimeProvider time, ILoggerFactory loggers)
    {
        _client = client;
        _time = time;
        _logger = loggers.CreateLogger("scheduler");
        _nodes = new Informer<V1Node>(client, Resources.Nodes, ListQuery.All, _logger);
        _pods = new Informer<V1Pod>(client, Resources.Pods, new ListQuery { FieldSelector = "status.phase!=Succeeded,status.phase!=Failed" }, _logger);
        _events = new EventRecorder(client, Name, null, time, _logger);
        _queue = new WorkQueue<string>("scheduler", time, _logger);
        _nodes.Changed += OnNode;
        _pods.Changed += OnPod;
    }

    public bool IsReady => _nodes.Synced.IsCompletedSuccessfully && _pods.Synced.IsCompletedSuccessfully;

    /// <summary>The last decision about a pod (<c>namespace/name</c>) with the verdict on every node.</summary>
    public Decision? LastDecision(string pod) => _decisions.GetValueOrDefault(pod);

    public async Task RunAsync(CancellationToken cancel)
    {
        var informers = Task.WhenAll(_nodes.RunAsync(cancel), _pods.RunAsync(cancel), _events.RunAsync(cancel));
        await Task.WhenAll(_nodes.Synced, _pods.Synced).WaitAsync(cancel).ConfigureAwait(false);
        LogReady(_nodes.Items.Count, _pods.Items.Count);
        // One worker: decisions see the ones before them.
        await _queue.RunAsync(1, ScheduleAsync, cancel).ConfigureAwait(false);
        await informers.ConfigureAwait(false);
    }

    private static bool Ours(V1Pod pod) => string.IsNullOrEmpty(pod.Spec.NodeName)
        && pod.Metadata.DeletionTimestamp is null
        && (pod.Spec.SchedulerName ?? Name) == Name
        && (pod.Spec.SchedulingGates is null or { Count: 0 });

    private void OnPod(Change<V1Pod> change)
    {
        var key = Informer<V1Pod>.KeyOf(change.Object);
        if (change.IsDelete)
        {
            _assumed.TryRemove(key, out _);
            _decisions.TryRemove(key, out _);
            _waiting.TryRemove(key, out _);
            if (!string.IsNullOrEmpty(change.Object.Spec.NodeName))
                RetryWaiting();
            return;
        }

        if (!string.IsNullOrEmpty(change.Object.Spec.NodeName))
            _assumed.TryRemove(key, out _);
        else if (Ours(change.Object) && SpecChanged(change))
            _queue.Add(key);
    }

    // Our own status writes must not bring a hopeless pod back at once.
    private static bool SpecChanged(Change<V1Pod> change) =>
        change.Old is null || change.Old.Metadata.Generation != change.New!.Metadata.Generation
        || (change.Old.Spec.SchedulingGates?.Count ?? 0) != (change.New.Spec.SchedulingGates?.Count ?? 0);

    private void OnNode(Change<V1Node> change)
    {
        if (!change.IsDelete && (change.Old is null || NodeMatters(change.Old, change.New!)))
            RetryWaiting();
    }

    private static bool NodeMatters(V1Node old, V1Node now) =>
        old.Spec?.Unschedulable != now.Spec?.Unschedulable
        || !Same(old.Spec?.Taints?.Select(t => $"{t.Key}={t.Value}:{t.Effect}"), now.Spec?.Taints?.Select(t => $"{t.Key}={t.Value}:{t.Effect}"))
        || !Same(old.Metadata.Labels?.Select(l => $"{l.Key}={l.Value}"), now.Metadata.Labels?.Select(l => $"{l.Key}={l.Value}"))
        || !Same(old.Status?.Allocatable?.Select(a => $"{a.Key}={a.Value}"), now.Status?.Allocatable?.Select(a => $"{a.Key}={a.Value}"));

    private static bool Same(IEnumerable<string>? a, IEnumerable<string>? b) => (a ?? []).Order().SequenceEqual((b ?? []).Order());

    private void RetryWaiting()
    {
        foreach (var key in _waiting.Keys)
        {
            _waiting.TryRemove(key, out _);
            _queue.Add(key);
        }
    }

    private async Task<TimeSpan?> ScheduleAsync(string key, CancellationToken cancel)
    {
        if (_pods.Find(key) is not { } pod || !Ours(pod) || _assumed.ContainsKey(key))
            return null;
        // Before looking at the nodes: a node that comes while we decide must find the pod waiting.
        _waiting[key] = 0;
        var decision = Decision.For(pod, Snapshot(), Random.Shared);
        _decisions[key] = decision;
        if (decision.Node is { } node)
        {
            _waiting.TryRemove(key, out _);
            await BindAsync(key, pod, node, cancel).ConfigureAwait(false);
            return null;
        }

        LogUnschedulable(key, decision.Message);
        _events.Record(References.To(Resources.Pods, pod), "Warning", "FailedScheduling", decision.Message);
        await ReportAsync(pod, decision.Message, cancel).ConfigureAwait(false);
        return null;
    }

    private List<NodeInfo> Snapshot()
    {
        var placed = _pods.Items
            .Select(pair => (pair.Value, Node: string.IsNullOrEmpty(pair.Value.Spec.NodeName) ? _assumed.GetValueOrDefault(pair.Key) : pair.Value.Spec.NodeName))
            .Where(pair => pair.Node is not null)
            .ToLookup(pair => pair.Node!, pair => pair.Value);
        return _nodes.Items.Values.Select(node => new NodeInfo(node, placed[node.Metadata.Name])).ToList();
    }

    private async Task BindAsync(string key, V1Pod pod, string node, CancellationToken cancel)
    {
        _assumed[key] = node;
        try
        {
            var path = Resources.Pods.ObjectPath(pod.Metadata.NamespaceProperty, pod.Metadata.Name, "binding");
            await _client.RequestAsync(HttpMethod.Post, path, new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Binding",
                ["metadata"] = new JsonObject { ["name"] = pod.Metadata.Name, ["namespace"] = pod.Metadata.NamespaceProperty, ["uid"] = pod.Metadata.Uid },
                ["target"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = node },
            }, cancel).ConfigureAwait(false);
        }
        catch
        {
            _assumed.TryRemove(key, out _);
            throw;
        }

        LogBound(key, node);
        _events.Record(References.To(Resources.Pods, pod), "Normal", "Scheduled", $"Successfully assigned {key} to {node}");
    }

    private async Task ReportAsync(V1Pod pod, string message, CancellationToken cancel)
    {
        var known = pod.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "PodScheduled");
        if (known is { Status: "False", Reason: "Unschedulable" } && known.Message == message)
            return;
        var condition = new JsonObject
        {
            ["type"] = "PodScheduled",
            ["status"] = "False",
            ["reason"] = "Unschedulable",
            ["message"] = message,
            ["lastTransitionTime"] = _time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
        };
        var patch = Patch.Strategic(new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } });
        await _client.PatchAsync(Resources.Pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, patch, "status", cancel).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "ready nodes={Nodes} pods={Pods}")]
    private partial void LogReady(int nodes, int pods);

    [LoggerMessage(Level = LogLevel.Information, Message = "bound pod={Pod} node={Node}")]
    private partial void LogBound(string pod, string node);

    [LoggerMessage(Level = LogLevel.Information, Message = "unschedulable pod={Pod} reason=\"{Reason}\"")]
    private partial void LogUnschedulable(string pod, string reason);
}
