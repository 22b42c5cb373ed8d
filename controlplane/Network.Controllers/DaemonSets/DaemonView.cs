using k8s.Models;
using Network.Controllers.Pods;

namespace Network.Controllers.DaemonSets;

/// <summary>A daemon set's pods against the nodes. Pure.</summary>
internal sealed record DaemonView(int Desired, IReadOnlyList<string> Missing, IReadOnlyList<V1Pod> Current, IReadOnlyList<V1Pod> Outdated,
    IReadOnlyList<V1Pod> Misplaced)
{
    /// <summary>Pods where no new one would come; they are left alone and counted as misscheduled.</summary>
    internal IReadOnlyList<V1Pod> Staying { get; private init; } = [];

    internal static DaemonView Of(V1DaemonSet set, string hash, IEnumerable<V1Node> nodes, IReadOnlyList<V1Pod> pods)
    {
        var staying = nodes.Where(node => Placement.MayStay(set, node)).ToList();
        var habitable = staying.Select(node => node.Metadata.Name).ToHashSet();
        var eligible = staying.Where(node => Placement.ShouldRun(set, node)).Select(node => node.Metadata.Name).ToHashSet();
        var byNode = pods.Where(pod => pod.Status?.Phase is not ("Succeeded" or "Failed")).ToLookup(Placement.NodeOf);
        var missing = new List<string>();
        var current = new List<V1Pod>();
        // An ended pod leaves its node empty, so it is removed and replaced.
        var misplaced = pods.Where(pod => pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase is "Succeeded" or "Failed").ToList();
        foreach (var node in eligible)
        {
            var there = byNode[node].ToList();
            var living = there.Where(pod => pod.Metadata.DeletionTimestamp is null)
                .OrderByDescending(PodState.IsReady).ThenBy(pod => pod.Metadata.CreationTimestamp).ToList();
            if (living.Count > 0)
            {
                current.Add(living[0]);
                misplaced.AddRange(living.Skip(1));
            }
            else if (there.Count == 0)
            {
                missing.Add(node);
            }
        }

        var elsewhere = byNode.Where(group => !eligible.Contains(group.Key)).SelectMany(group => group)
            .Where(pod => pod.Metadata.DeletionTimestamp is null).ToLookup(pod => habitable.Contains(Placement.NodeOf(pod)));
        misplaced.AddRange(elsewhere[false]);
        var outdated = current.Where(pod => pod.Metadata.Labels?.TryGetValue(Placement.HashLabel, out var have) != true || have != hash).ToList();
        return new DaemonView(eligible.Count, missing, current, outdated, misplaced) { Staying = [.. elsewhere[true]] };
    }
}
