using k8s.Models;
using Network.Controllers.Pods;

namespace Network.Controllers.DaemonSets;

/// <summary>A daemon set's pods against the nodes. Pure.</summary>
internal sealed record DaemonView(int Desired, IReadOnlyList<string> Missing, IReadOnlyList<V1Pod> Current, IReadOnlyList<V1Pod> Outdated,
    IReadOnlyList<V1Pod> Misplaced)
{
    internal static DaemonView Of(V1DaemonSet set, string hash, IEnumerable<V1Node> nodes, IReadOnlyList<V1Pod> pods)
    {
        var eligible = nodes.Where(node => Placement.ShouldRun(set, node)).Select(node => node.Metadata.Name).ToHashSet();
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

        misplaced.AddRange(byNode.Where(group => !eligible.Contains(group.Key)).SelectMany(group => group)
            .Where(pod => pod.Metadata.DeletionTimestamp is null));
        var outdated = current.Where(pod => pod.Metadata.Labels?.TryGetValue(Placement.HashLabel, out var have) != true || have != hash).ToList();
        return new DaemonView(eligible.Count, missing, current, outdated, misplaced);
    }
}
