using System.Collections.Concurrent;
using k8s.Models;
using Network.Client;

namespace Network.Controllers.Pods;

/// <summary>
/// Pods by the controller that owns them, including those just created or deleted whose watch event is still on its way:
/// a controller that counts here never creates or deletes twice because its cache is late.
/// </summary>
internal sealed class OwnedPods
{
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, V1Pod>> _byOwner = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _deleted = new(StringComparer.Ordinal);

    internal OwnedPods(Informer<V1Pod> pods)
    {
        foreach (var pod in pods.Items.Values)
            Put(pod);
        pods.Changed += OnPod;
    }

    /// <summary>Announces the owner whose pods changed.</summary>
    internal event Action<V1OwnerReference, string>? OwnerChanged;

    internal IReadOnlyList<V1Pod> Of(string ownerUid) => _byOwner.TryGetValue(ownerUid, out var pods)
        ? pods.Values.Where(pod => !_deleted.ContainsKey(pod.Metadata.Uid)).ToList()
        : [];

    internal void Created(V1Pod pod) => Put(pod);

    internal void Deleted(V1Pod pod) => _deleted[pod.Metadata.Uid] = 0;

    /// <summary>The deletion was refused: the pod counts again.</summary>
    internal void NotDeleted(V1Pod pod) => _deleted.TryRemove(pod.Metadata.Uid, out _);

    private void OnPod(Change<V1Pod> change)
    {
        var pod = change.Object;
        if (change.Old is { } old && !change.IsDelete && old.Metadata.Uid == pod.Metadata.Uid
            && References.ControllerOwner(old.Metadata) is { } before && before.Uid != References.ControllerOwner(pod.Metadata)?.Uid)
        {
            Drop(before.Uid, pod.Metadata.Uid);
            OwnerChanged?.Invoke(before, pod.Metadata.NamespaceProperty);
        }

        if (change.IsDelete)
        {
            _deleted.TryRemove(pod.Metadata.Uid, out _);
            if (References.ControllerOwner(pod.Metadata) is { } last)
                Drop(last.Uid, pod.Metadata.Uid);
        }
        else
        {
            Put(pod);
        }

        if (References.ControllerOwner(pod.Metadata) is { } owner)
            OwnerChanged?.Invoke(owner, pod.Metadata.NamespaceProperty);
    }

    private void Put(V1Pod pod)
    {
        if (References.ControllerOwner(pod.Metadata) is { } owner)
            _byOwner.GetOrAdd(owner.Uid, _ => new(StringComparer.Ordinal))[pod.Metadata.Uid] = pod;
    }

    private void Drop(string owner, string uid)
    {
        if (_byOwner.TryGetValue(owner, out var pods) && pods.TryRemove(uid, out _) && pods.IsEmpty)
            _byOwner.TryRemove(owner, out _);
    }
}
