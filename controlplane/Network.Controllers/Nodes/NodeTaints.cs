using k8s.Models;

namespace Network.Controllers.Nodes;

/// <summary>The taints a node's conditions and cordon call for, beside the taints others put there. Pure.</summary>
internal static class NodeTaints
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";

    private static readonly string[] s_managed =
    [
        NotReady, Unreachable, "node.kubernetes.io/unschedulable", "node.kubernetes.io/memory-pressure", "node.kubernetes.io/disk-pressure",
        "node.kubernetes.io/pid-pressure", "node.kubernetes.io/network-unavailable",
    ];

    internal static List<V1Taint> For(V1Node node, DateTime now)
    {
        var existing = node.Spec?.Taints ?? [];
        var taints = existing.Where(taint => !s_managed.Contains(taint.Key)).ToList();
        foreach (var (key, effect) in Wanted(node))
        {
            taints.Add(existing.FirstOrDefault(taint => taint.Key == key && taint.Effect == effect) ?? new V1Taint
            {
                Key = key,
                Effect = effect,
                // Only eviction counts time (KEP-166).
                TimeAdded = effect == "NoExecute" || key == "node.kubernetes.io/unschedulable" ? now : null,
            });
        }

        return taints;
    }

    internal static bool Same(IEnumerable<V1Taint> a, IEnumerable<V1Taint>? b) =>
        a.Select(Text).Order().SequenceEqual((b ?? []).Select(Text).Order());

    private static string Text(V1Taint taint) => $"{taint.Key}={taint.Value}:{taint.Effect}";

    private static IEnumerable<(string Key, string Effect)> Wanted(V1Node node)
    {
        var ready = StatusOf(node, "Ready");
        if (ready is "False" or null)
        {
            yield return (NotReady, "NoSchedule");
            if (ready == "False")
                yield return (NotReady, "NoExecute");
        }

        if (ready == "Unknown")
        {
            yield return (Unreachable, "NoSchedule");
            yield return (Unreachable, "NoExecute");
        }

        if (node.Spec?.Unschedulable == true)
            yield return ("node.kubernetes.io/unschedulable", "NoSchedule");
        foreach (var (condition, key) in ((string, string)[])
            [("MemoryPressure", "memory-pressure"), ("DiskPressure", "disk-pressure"), ("PIDPressure", "pid-pressure"), ("NetworkUnavailable", "network-unavailable")])
        {
            if (StatusOf(node, condition) == "True")
                yield return ($"node.kubernetes.io/{key}", "NoSchedule");
        }
    }

    private static string? StatusOf(V1Node node, string type) => node.Status?.Conditions?.FirstOrDefault(condition => condition.Type == type)?.Status;
}
