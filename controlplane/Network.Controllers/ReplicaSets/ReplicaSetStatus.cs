using k8s.Models;
using Network.Api.Placement;
using Network.Controllers.Pods;

namespace Network.Controllers.ReplicaSets;

/// <summary>What a ReplicaSet's pods come to.</summary>
internal static class ReplicaSetStatus
{
    internal static V1ReplicaSetStatus Of(V1ReplicaSet set, IReadOnlyList<V1Pod> pods, string? failure, DateTimeOffset now) => new()
    {
        Replicas = pods.Count,
        FullyLabeledReplicas = NullIfZero(pods.Count(pod => Selection.Matches(set.Spec.Template.Metadata?.Labels, pod.Metadata.Labels))),
        ReadyReplicas = NullIfZero(pods.Count(PodState.IsReady)),
        AvailableReplicas = NullIfZero(pods.Count(pod => PodState.IsAvailable(pod, set.Spec.MinReadySeconds ?? 0, now))),
        ObservedGeneration = set.Metadata.Generation,
        Conditions = Conditions(set, failure, now),
    };

    // The condition keeps its time while the cause stays, so that an unchanged failure is an unchanged status.
    private static List<V1ReplicaSetCondition>? Conditions(V1ReplicaSet set, string? failure, DateTimeOffset now)
    {
        var others = (set.Status?.Conditions ?? []).Where(condition => condition.Type != "ReplicaFailure").ToList();
        if (failure is not null)
        {
            var known = set.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "ReplicaFailure" && condition.Message == failure);
            others.Add(known ?? new V1ReplicaSetCondition
            {
                Type = "ReplicaFailure",
                Status = "True",
                Reason = "FailedCreate",
                Message = failure,
                LastTransitionTime = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()).UtcDateTime,
            });
        }

        return others.Count == 0 ? null : others;
    }

    // Upstream leaves zero counters out (omitempty).
    private static int? NullIfZero(int count) => count == 0 ? null : count;
}
