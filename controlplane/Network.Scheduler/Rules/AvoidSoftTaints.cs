using k8s.Models;
using Network.Api.Placement;

namespace Network.Scheduler.Rules;

/// <summary>PreferNoSchedule taints push pods away without forbidding the node.</summary>
internal sealed class AvoidSoftTaints : IScore
{
    public int Weight => 3;

    public double Score(V1Pod pod, NodeInfo node)
    {
        var against = (node.Node.Spec?.Taints ?? []).Count(taint => taint.Effect == "PreferNoSchedule" && !pod.Spec.Tolerates(taint));
        return 100.0 / (1 + against);
    }
}
