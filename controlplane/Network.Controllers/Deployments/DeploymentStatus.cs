using k8s.Models;

namespace Network.Controllers.Deployments;

/// <summary>What a deployment's sets come to, with the conditions <c>kubectl rollout status</c> reads.</summary>
internal static class DeploymentStatus
{
    internal static V1DeploymentStatus Of(V1Deployment deployment, V1ReplicaSet? fresh, IReadOnlyList<V1ReplicaSet> all, DateTime now)
    {
        var replicas = all.Sum(set => set.Status?.Replicas ?? 0);
        var available = all.Sum(set => set.Status?.AvailableReplicas ?? 0);
        var status = new V1DeploymentStatus
        {
            ObservedGeneration = deployment.Metadata.Generation,
            Replicas = NullIfZero(replicas),
            UpdatedReplicas = NullIfZero(fresh?.Status?.Replicas ?? 0),
            ReadyReplicas = NullIfZero(all.Sum(set => set.Status?.ReadyReplicas ?? 0)),
            AvailableReplicas = NullIfZero(available),
            UnavailableReplicas = NullIfZero(Math.Max(0, Math.Max(replicas, deployment.Spec.Replicas ?? 1) - available)),
            CollisionCount = deployment.Status?.CollisionCount,
        };
        var conditions = new List<V1DeploymentCondition> { Available(deployment, available), Progressing(deployment, fresh, status, now) };
        if (all.SelectMany(set => set.Status?.Conditions ?? []).FirstOrDefault(c => c.Type == "ReplicaFailure") is { } failure)
            conditions.Add(New("ReplicaFailure", "True", failure.Reason, failure.Message));
        status.Conditions = conditions.Select(condition => KeepTimes(deployment, condition, now)).ToList();
        return status;
    }

    internal static bool IsComplete(V1Deployment deployment, V1DeploymentStatus status)
    {
        var wanted = deployment.Spec.Replicas ?? 1;
        return (status.UpdatedReplicas ?? 0) == wanted && (status.Replicas ?? 0) == wanted && (status.AvailableReplicas ?? 0) == wanted;
    }

    private static V1DeploymentCondition Available(V1Deployment deployment, int available)
    {
        var least = (deployment.Spec.Replicas ?? 1) - (Revisions.IsRecreate(deployment) ? 0 : RolloutArithmetic.Bounds(deployment).Unavailable);
        return available >= least
            ? New("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
            : New("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
    }

    private static V1DeploymentCondition Progressing(V1Deployment deployment, V1ReplicaSet? fresh, V1DeploymentStatus status, DateTime now)
    {
        if (deployment.Spec.Paused == true)
            return New("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused");
        var set = fresh is null ? $"Deployment \"{deployment.Metadata.Name}\"" : $"ReplicaSet \"{fresh.Metadata.Name}\"";
        if (IsComplete(deployment, status))
            return New("Progressing", "True", "NewReplicaSetAvailable", $"{set} has successfully progressed.");
        var known = deployment.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Progressing");
        var moved = (status.UpdatedReplicas ?? 0) > (deployment.Status?.UpdatedReplicas ?? 0)
            || (status.ReadyReplicas ?? 0) > (deployment.Status?.ReadyReplicas ?? 0)
            || (status.AvailableReplicas ?? 0) > (deployment.Status?.AvailableReplicas ?? 0)
            || known is null || known.Reason is "NewReplicaSetAvailable" or "DeploymentPaused"
            || deployment.Status?.ObservedGeneration != deployment.Metadata.Generation;
        if (!moved && known!.LastUpdateTime is { } last && now - last > TimeSpan.FromSeconds(deployment.Spec.ProgressDeadlineSeconds ?? 600))
            return New("Progressing", "False", "ProgressDeadlineExceeded", $"{set} has timed out progressing.");
        if (!moved)
            return known!;
        return New("Progressing", "True", "ReplicaSetUpdated", $"{set} is progressing.") with { LastUpdateTime = now };
    }

    private static V1DeploymentCondition KeepTimes(V1Deployment deployment, V1DeploymentCondition condition, DateTime now)
    {
        var known = deployment.Status?.Conditions?.FirstOrDefault(other => other.Type == condition.Type);
        var unchanged = known is not null && known.Status == condition.Status && known.Reason == condition.Reason && known.Message == condition.Message;
        return condition with
        {
            LastTransitionTime = known is not null && known.Status == condition.Status ? known.LastTransitionTime : now,
            LastUpdateTime = condition.LastUpdateTime ?? (unchanged ? known!.LastUpdateTime : now),
        };
    }

    private static V1DeploymentCondition New(string type, string status, string reason, string message) =>
        new() { Type = type, Status = status, Reason = reason, Message = message };

    private static int? NullIfZero(int count) => count == 0 ? null : count;
}
