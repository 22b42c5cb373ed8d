using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using Network.Kubelet.Runtime;

namespace Network.Kubelet.Pods;

/// <summary>Has one worker for every pod this node should run or still has to take down.</summary>
internal sealed class PodDirector(PodContext context, CancellationToken stopping)
{
    private readonly ConcurrentDictionary<string, (PodWorker Worker, Task Running)> _workers = new();
    private readonly Lock _lock = new();

    internal IEnumerable<PodWorker> Workers => _workers.Values.Select(entry => entry.Worker);

    internal PodWorker? Find(string ns, string name) =>
        Workers.FirstOrDefault(worker => worker.Pod.Metadata.NamespaceProperty == ns && worker.Pod.Metadata.Name == name);

    /// <summary>The pod should be as this object says.</summary>
    internal void Set(V1Pod pod)
    {
        lock (_lock)
        {
            if (_workers.TryGetValue(pod.Metadata.Uid, out var entry))
            {
                entry.Worker.Update(pod);
                return;
            }

            // A pod of the same name that is still being taken down goes first: they would share names on the node.
            var before = Task.WhenAll(_workers.Values
                .Where(other => other.Worker.Pod.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty && other.Worker.Pod.Metadata.Name == pod.Metadata.Name)
                .Select(other => other.Running));
            Start(pod, before);
        }
    }

    /// <summary>The source has no such pod any more.</summary>
    internal void Remove(string uid)
    {
        if (_workers.TryGetValue(uid, out var entry))
            entry.Worker.Forget();
    }

    /// <summary>Sends the pod's status again: its mirror in the API is new and knows nothing yet.</summary>
    internal void Refresh(V1Pod pod)
    {
        context.Statuses.Forget(pod.Metadata.Uid);
        if (_workers.TryGetValue(pod.Metadata.Uid, out var entry))
            entry.Worker.Nudge();
    }

    internal void ContainerEnded(Container container)
    {
        if (_workers.TryGetValue(container.Record.Identity.PodUid, out var entry))
            entry.Worker.Nudge();
    }

    internal void NudgeAll()
    {
        foreach (var worker in Workers)
            worker.Nudge();
    }

    /// <summary>Takes down what an earlier kubelet ran and no source wants; called once every source has spoken.</summary>
    internal void RemoveOrphans()
    {
        var root = Path.Combine(context.Settings.DataDirectory, "pods");
        if (!Directory.Exists(root))
            return;
        foreach (var directory in Directory.EnumerateDirectories(root).Where(directory => !_workers.ContainsKey(Path.GetFileName(directory))))
        {
            var file = Path.Combine(directory, "pod.json");
            if (!File.Exists(file))
                continue;
            lock (_lock)
                Start(KubernetesJson.Deserialize<V1Pod>(File.ReadAllText(file)), Task.CompletedTask).Forget();
        }
    }

    private PodWorker Start(V1Pod pod, Task before)
    {
        var worker = new PodWorker(pod, context);
        if (pod.Metadata.DeletionTimestamp is not null)
            worker.Update(pod);
        var running = Task.Run(() => RunAsync(worker, before), CancellationToken.None);
        _workers[pod.Metadata.Uid] = (worker, running);
        return worker;
    }

    private async Task RunAsync(PodWorker worker, Task before)
    {
        try
        {
            await worker.RunAsync(before, stopping).ConfigureAwait(false);
            _workers.TryRemove(worker.Pod.Metadata.Uid, out _);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }
}
