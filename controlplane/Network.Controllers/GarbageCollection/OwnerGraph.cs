using System.Collections.Concurrent;
using k8s.Models;
using Network.Client;

namespace Network.Controllers.GarbageCollection;

/// <summary>An object as the graph knows it.</summary>
internal sealed record GraphNode(CatalogEntry Kind, V1ObjectMeta Metadata)
{
    internal string Uid => Metadata.Uid;
}

/// <summary>Who owns whom, by UID, over all kinds. Knows an object by what the watches said last.</summary>
internal sealed class OwnerGraph
{
    private readonly ConcurrentDictionary<string, GraphNode> _nodes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, byte>> _dependents = new(StringComparer.Ordinal);

    internal GraphNode? Find(string uid) => _nodes.GetValueOrDefault(uid);

    internal IReadOnlyList<GraphNode> DependentsOf(string uid) => _dependents.TryGetValue(uid, out var set)
        ? set.Keys.Select(Find).OfType<GraphNode>().ToList()
        : [];

    /// <summary>Objects that name an owner nobody has seen: of a kind that is not watched yet, or gone before it was.</summary>
    internal IEnumerable<string> Strays() => _nodes.Values
        .Where(node => node.Metadata.OwnerReferences?.Any(owner => !_nodes.ContainsKey(owner.Uid)) == true).Select(node => node.Uid);

    /// <summary>Takes a change in and returns the UIDs that have to be looked at because of it.</summary>
    internal IEnumerable<string> Apply(CatalogEntry kind, Change<ObjectMetadata> change)
    {
        var meta = change.Object.Metadata;
        if (change.Old is { } old)
        {
            foreach (var owner in old.Metadata.OwnerReferences ?? [])
            {
                if (_dependents.TryGetValue(owner.Uid, out var set))
                    set.TryRemove(old.Metadata.Uid, out _);
            }

            if (old.Metadata.Uid != meta.Uid)
                _nodes.TryRemove(old.Metadata.Uid, out _);
        }

        if (change.IsDelete)
        {
            _nodes.TryRemove(meta.Uid, out _);
            var orphans = DependentsOf(meta.Uid).Select(node => node.Uid).ToList();
            _dependents.TryRemove(meta.Uid, out _);
            // An owner that waits in the foreground may now be free to go.
            return orphans.Concat((meta.OwnerReferences ?? []).Select(owner => owner.Uid));
        }

        _nodes[meta.Uid] = new GraphNode(kind, meta);
        foreach (var owner in meta.OwnerReferences ?? [])
            _dependents.GetOrAdd(owner.Uid, _ => new(StringComparer.Ordinal))[meta.Uid] = 0;
        // An owner in the foreground waits for references to go or to stop blocking.
        return [meta.Uid, .. ReferencesOf(change.Old?.Metadata).Except(ReferencesOf(meta)).Select(reference => reference.Uid)];
    }

    private static IEnumerable<(string Uid, bool Blocks)> ReferencesOf(V1ObjectMeta? meta) =>
        (meta?.OwnerReferences ?? []).Select(reference => (reference.Uid, reference.BlockOwnerDeletion == true));
}
