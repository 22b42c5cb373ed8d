using k8s.Models;

namespace Network.Controllers.Pods;

/// <summary>Questions every workload controller asks of a pod.</summary>
internal static class PodState
{
    /// <summary>Counts towards replicas: neither ended nor on its way out.</summary>
    internal static bool IsActive(V1Pod pod) => pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase is not ("Succeeded" or "Failed");

    internal static bool IsReady(V1Pod pod) => ReadyCondition(pod)?.Status == "True";

    internal static V1PodCondition? ReadyCondition(V1Pod pod) => pod.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready");

    /// <summary>Ready for at least minReadySeconds.</summary>
    internal static bool IsAvailable(V1Pod pod, int minReadySeconds, DateTimeOffset now) =>
        IsReady(pod) && (minReadySeconds == 0 || AvailableAt(pod, minReadySeconds) <= now);

    /// <summary>When a ready pod becomes available.</summary>
    internal static DateTimeOffset AvailableAt(V1Pod pod, int minReadySeconds) =>
        new DateTimeOffset(DateTime.SpecifyKind(ReadyCondition(pod)?.LastTransitionTime ?? DateTime.MaxValue.AddDays(-1), DateTimeKind.Utc)).AddSeconds(minReadySeconds);

    /// <summary>
    /// Upstream's order of who goes first when there are too many: unassigned before assigned, pending before running,
    /// not ready before ready, cheaper by pod-deletion-cost, from the fuller node, more restarts, newer.
    /// </summary>
    internal static IEnumerable<V1Pod> DeletionOrder(IReadOnlyCollection<V1Pod> pods)
    {
        var onNode = pods.CountBy(pod => pod.Spec.NodeName ?? "").ToDictionary();
        return pods
            .OrderBy(pod => string.IsNullOrEmpty(pod.Spec.NodeName) ? 0 : 1)
            .ThenBy(pod => pod.Status?.Phase switch { "Pending" => 0, "Running" => 2, _ => 1 })
            .ThenBy(pod => IsReady(pod) ? 1 : 0)
            .ThenBy(DeletionCost)
            .ThenByDescending(pod => onNode[pod.Spec.NodeName ?? ""])
            .ThenByDescending(pod => pod.Status?.ContainerStatuses?.Max(status => (int?)status.RestartCount) ?? 0)
            .ThenByDescending(pod => pod.Metadata.CreationTimestamp);
    }

    private static int DeletionCost(V1Pod pod) =>
        pod.Metadata.Annotations?.TryGetValue("controller.kubernetes.io/pod-deletion-cost", out var text) == true && int.TryParse(text, out var cost) ? cost : 0;
}
