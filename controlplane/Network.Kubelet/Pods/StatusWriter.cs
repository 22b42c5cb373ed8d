using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Kubelet.Pods;

/// <summary>
/// Sends pod statuses to the API server: only changes, always the latest, one request a pod at a time, again until it arrives.
/// Without an API server it only remembers them.
/// </summary>
internal sealed partial class StatusWriter(ApiClient? client, TimeProvider time, ILogger<StatusWriter> logger, CancellationToken stopping)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);
    private readonly ConcurrentDictionary<string, Entry> _entries = new();

    internal V1PodStatus? Latest(string uid) => _entries.TryGetValue(uid, out var entry) ? entry.Status : null;

    internal void Set(V1Pod pod, V1PodStatus status)
    {
        var json = KubernetesJson.Serialize(status);
        var entry = _entries.GetOrAdd(pod.Metadata.Uid, _ => new Entry());
        lock (entry)
        {
            if (entry.Json == json)
                return;
            entry.Json = json;
            entry.Status = status;
            if (client is null)
                return;
            entry.Pending = true;
            if (!entry.Sending.IsCompleted)
                return;
            entry.Sending = SendAsync(pod, entry);
        }
    }

    /// <summary>Waits until the latest status has arrived.</summary>
    internal Task FlushAsync(string uid) => _entries.TryGetValue(uid, out var entry) ? entry.Sending : Task.CompletedTask;

    internal void Forget(string uid) => _entries.TryRemove(uid, out _);

    private async Task SendAsync(V1Pod pod, Entry entry)
    {
        await Task.Yield();
        while (true)
        {
            string json;
            lock (entry)
            {
                if (!entry.Pending || stopping.IsCancellationRequested)
                    return;
                json = entry.Json;
                entry.Pending = false;
            }

            try
            {
                var body = new JsonObject { ["status"] = JsonNode.Parse(json) };
                // A static pod's own uid is not the uid of its mirror in the API.
                if (pod.Metadata.Annotations?.ContainsKey(Sources.StaticPod.ConfigSource) != true)
                    body["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid };
                await client!.PatchAsync(Resources.Pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, Patch.Strategic(body), "status", stopping)
                    .ConfigureAwait(false);
            }
            catch (ApiException e) when (e.IsNotFound || e.IsConflict)
            {
                LogGone(pod.Metadata.NamespaceProperty, pod.Metadata.Name, e.Message);
            }
            catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
            {
                LogRetry(pod.Metadata.NamespaceProperty, pod.Metadata.Name, e.Message);
                lock (entry)
                    entry.Pending = true;
                await Task.Delay(s_pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private sealed class Entry
    {
        internal string Json { get; set; } = "";
        internal V1PodStatus? Status { get; set; }
        internal bool Pending { get; set; }
        internal Task Sending { get; set; } = Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "status of {Namespace}/{Pod} not wanted any more: {Why}")]
    private partial void LogGone(string @namespace, string pod, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "status of {Namespace}/{Pod} not written, trying again: {Why}")]
    private partial void LogRetry(string @namespace, string pod, string why);
}
