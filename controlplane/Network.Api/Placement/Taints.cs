using k8s.Models;

namespace Network.Api.Placement;

/// <summary>Taints and tolerations as the core/v1 API documents them.</summary>
public static class Taints
{
    /// <summary>No effect means every effect, Exists without a key means every taint; the operator's default is Equal.</summary>
    public static bool Tolerates(this V1Toleration toleration, V1Taint taint) =>
        (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect)
        && (string.IsNullOrEmpty(toleration.Key) ? toleration.OperatorProperty == "Exists" : toleration.Key == taint.Key)
        && (toleration.OperatorProperty == "Exists" || (toleration.Value ?? "") == (taint.Value ?? ""));

    public static bool Tolerates(this V1PodSpec pod, V1Taint taint) => (pod.Tolerations ?? []).Any(toleration => toleration.Tolerates(taint));
}
