using k8s.Models;

namespace Network.Controllers.Deployments;

/// <summary>Numbers of a deployment's templates, as <c>kubectl rollout history</c> shows them.</summary>
internal static class Revisions
{
    internal const string Annotation = "deployment.kubernetes.io/revision";
    private const string HistoryAnnotation = "deployment.kubernetes.io/revision-history";
    private const string DesiredAnnotation = "deployment.kubernetes.io/desired-replicas";
    private const string MaxAnnotation = "deployment.kubernetes.io/max-replicas";

    internal static long Of(V1ReplicaSet set) =>
        set.Metadata.Annotations?.TryGetValue(Annotation, out var text) == true && long.TryParse(text, out var revision) ? revision : 0;

    /// <summary>The annotations a set of this deployment should carry: the deployment's own, plus the numbers.</summary>
    internal static Dictionary<string, string> Annotations(V1Deployment deployment, V1ReplicaSet? existing, long revision)
    {
        var annotations = new Dictionary<string, string>(existing?.Metadata.Annotations ?? new Dictionary<string, string>());
        foreach (var (key, value) in deployment.Metadata.Annotations ?? new Dictionary<string, string>())
        {
            if (key is not ("kubectl.kubernetes.io/last-applied-configuration" or Annotation or HistoryAnnotation or DesiredAnnotation or MaxAnnotation
                or "deprecated.deployment.rollback.to"))
                annotations[key] = value;
        }

        if (existing is not null && Of(existing) is > 0 and var before && before != revision)
            annotations[HistoryAnnotation] = annotations.TryGetValue(HistoryAnnotation, out var history) ? $"{history},{before}" : before.ToString();
        annotations[Annotation] = revision.ToString();
        var replicas = deployment.Spec.Replicas ?? 1;
        annotations[DesiredAnnotation] = replicas.ToString();
        annotations[MaxAnnotation] = (replicas + (IsRecreate(deployment) ? 0 : RolloutArithmetic.Bounds(deployment).Surge)).ToString();
        return annotations;
    }

    internal static bool IsRecreate(V1Deployment deployment) => deployment.Spec.Strategy?.Type == "Recreate";
}
