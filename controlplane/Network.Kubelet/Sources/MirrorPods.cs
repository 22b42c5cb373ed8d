using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Kubelet.Sources;

/// <summary>Shows static pods in the API: one mirror object each, made again when somebody deletes it, removed with the manifest.</summary>
internal sealed partial class MirrorPods(ApiClient client, string nodeName, Action<V1Pod> mirrored, TimeProvider time, ILogger<MirrorPods> logger)
{
    private readonly ConcurrentDictionary<string, V1Pod> _static = new();

    internal static bool IsMirror(V1Pod pod) => pod.Metadata.Annotations?.ContainsKey(StaticPod.Mirror) == true;

    internal void Set(V1Pod pod)
    {
        _static[Informer<V1Pod>.KeyOf(pod)] = pod;
        _ = EnsureAsync(pod);
    }

    internal void Remove(V1Pod pod)
    {
        if (_static.TryRemove(new(Informer<V1Pod>.KeyOf(pod), pod)))
            _ = DeleteAsync(pod, null);
    }

    /// <summary>Something happened to a mirror object in the API.</summary>
    internal void Changed(Change<V1Pod> change)
    {
        var mirror = change.Object;
        if (!_static.TryGetValue(Informer<V1Pod>.KeyOf(mirror), out var pod))
        {
            if (!change.IsDelete)
                _ = DeleteAsync(mirror, mirror.Metadata.Uid);
            return;
        }

        if (change.IsDelete)
            _ = EnsureAsync(pod);
        else if (mirror.Metadata.DeletionTimestamp is not null || mirror.Metadata.Annotations[StaticPod.Mirror] != pod.Metadata.Uid)
            _ = DeleteAsync(mirror, mirror.Metadata.Uid);
    }

    private async Task EnsureAsync(V1Pod pod)
    {
        var copy = KubernetesJson.Deserialize<V1Pod>(KubernetesJson.Serialize(pod));
        copy.Metadata.Uid = null;
        copy.Metadata.Annotations[StaticPod.Mirror] = pod.Metadata.Uid;
        copy.Status = null;
        while (_static.TryGetValue(Informer<V1Pod>.KeyOf(pod), out var wanted) && wanted == pod)
        {
            try
            {
                if (await client.FindAsync(Resources.Nodes, null, nodeName).ConfigureAwait(false) is { } node)
                {
                    copy.Metadata.OwnerReferences = [new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = nodeName, Uid = node.Metadata.Uid, Controller = true }];
                    await client.CreateAsync(Resources.Pods, copy).ConfigureAwait(false);
                    mirrored(pod);
                    return;
                }
            }
            catch (ApiException e) when (e.IsAlreadyExists)
            {
                mirrored(pod);
                return;
            }
            catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
            {
                LogRetry(pod.Metadata.Name, e.Message);
            }

            await Task.Delay(TimeSpan.FromSeconds(1), time).ConfigureAwait(false);
        }
    }

    private async Task DeleteAsync(V1Pod pod, string? uid)
    {
        try
        {
            var options = new V1DeleteOptions { GracePeriodSeconds = 0, Preconditions = uid is null ? null : new V1Preconditions { Uid = uid } };
            await client.DeleteAsync(Resources.Pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, options).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
        {
            LogRetry(pod.Metadata.Name, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "mirror of static pod {Pod} not settled: {Why}")]
    private partial void LogRetry(string pod, string why);
}
