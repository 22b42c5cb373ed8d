using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Kubelet.Cni;
using Network.Kubelet.Images;

namespace Network.Kubelet.Node;

/// <summary>Keeps the Node object: registers it, reports changes at once and otherwise every five minutes; its lease has a loop of its own.</summary>
internal sealed partial class NodeKeeper(KubeletSettings settings, ApiClient client, NodeSources sources, TimeProvider time, ILogger<NodeKeeper> logger)
{
    private static readonly TimeSpan s_report = TimeSpan.FromMinutes(5);
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly NodeFacts _facts = NodeFacts.Read();
    private V1NodeStatus? _reported;

    /// <summary>True once the API server has been told that this node is ready.</summary>
    internal bool ReportedReady { get; private set; }

    internal void Nudge() => _wake.Writer.TryWrite(true);

    internal async Task RunAsync(CancellationToken cancel)
    {
        var pause = TimeSpan.FromMilliseconds(50);
        while (!cancel.IsCancellationRequested)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            try
            {
                await ReportAsync(cancel).ConfigureAwait(false);
                pause = TimeSpan.FromMilliseconds(50);
                limit.CancelAfter(s_report);
            }
            catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
            {
                LogRetry(settings.NodeName, e.Message);
                _reported = null;
                limit.CancelAfter(pause);
                pause = pause < TimeSpan.FromSeconds(2) ? pause * 2 : pause;
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await _wake.Reader.ReadAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Nothing changed: the report that is due comes anyway.
            }
        }
    }

    private async Task ReportAsync(CancellationToken cancel)
    {
        var status = NodeStatus.Status(settings, _facts, await sources.RuntimeVersion.ConfigureAwait(false),
            sources.Networks.Obstacle, sources.Images());
        if (_reported is null)
            await RegisterAsync(status, cancel).ConfigureAwait(false);
        else
            await PatchAsync(status, cancel).ConfigureAwait(false);
        var ready = IsReady(status);
        if (_reported is null || IsReady(_reported) != ready)
        {
            sources.Event("Normal", ready ? "NodeReady" : "NodeNotReady", $"Node {settings.NodeName} status is now: {(ready ? "NodeReady" : "NodeNotReady")}");
            LogReady(settings.NodeName, ready);
        }

        _reported = status;
        ReportedReady = ready;
    }

    private async Task RegisterAsync(V1NodeStatus status, CancellationToken cancel)
    {
        Stamp(status, null);
        try
        {
            await client.CreateAsync(Resources.Nodes, NodeStatus.Object(settings, _facts, status), cancel).ConfigureAwait(false);
            sources.Event("Normal", "Starting", "Starting kubelet.");
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            var labels = new JsonObject(NodeStatus.Labels(settings, _facts).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
            var node = await client.PatchAsync(Resources.Nodes, null, settings.NodeName,
                Patch.Strategic(new JsonObject { ["metadata"] = new JsonObject { ["labels"] = labels } }), null, cancel).ConfigureAwait(false);
            if (node.Status?.NodeInfo?.BootID is { Length: > 0 } boot && boot != _facts.BootId)
                sources.Event("Warning", "Rebooted", $"Node {settings.NodeName} has been rebooted, boot id: {_facts.BootId}");
            Stamp(status, node.Status);
            await WriteAsync(status, cancel).ConfigureAwait(false);
        }
    }

    private Task PatchAsync(V1NodeStatus status, CancellationToken cancel)
    {
        Stamp(status, _reported);
        return WriteAsync(status, cancel);
    }

    private Task WriteAsync(V1NodeStatus status, CancellationToken cancel) => client.PatchAsync(Resources.Nodes, null, settings.NodeName,
        Patch.Strategic(new JsonObject { ["status"] = JsonNode.Parse(KubernetesJson.Serialize(status)) }), "status", cancel);

    private void Stamp(V1NodeStatus status, V1NodeStatus? before)
    {
        var now = time.GetUtcNow().UtcDateTime;
        foreach (var condition in status.Conditions)
        {
            var old = before?.Conditions?.FirstOrDefault(other => other.Type == condition.Type);
            condition.LastHeartbeatTime = now;
            condition.LastTransitionTime = old is not null && old.Status == condition.Status ? old.LastTransitionTime : now;
        }
    }

    private static bool IsReady(V1NodeStatus status) => status.Conditions.Any(condition => condition is { Type: "Ready", Status: "True" });

    [LoggerMessage(Level = LogLevel.Debug, Message = "node {Node} not reported, trying again: {Why}")]
    private partial void LogRetry(string node, string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "node {Node} reported ready: {Ready}")]
    private partial void LogReady(string node, bool ready);
}

/// <summary>Where the node's status comes from.</summary>
internal sealed record NodeSources(CniDirectory Networks, Task<string> RuntimeVersion, Func<IEnumerable<V1ContainerImage>> Images, Action<string, string, string> Event)
{
    /// <summary>The images of a store, with their sizes left out: counting every file at each report would cost more than anybody gains.</summary>
    internal static IEnumerable<V1ContainerImage> ImagesOf(ImageStore store) =>
        store.List().GroupBy(pair => pair.Value).Select(group => new V1ContainerImage { Names = [.. group.Select(pair => pair.Key)] });
}
