using k8s.Models;
using Network.Client;

namespace Network.Scheduler.Rules;

/// <summary>
/// Prefers nodes with fewer pods of the same controller: the effect of upstream's default topology spread constraint on
/// the host name (maxSkew 3, ScheduleAnyway).
/// </summary>
internal sealed class SpreadSiblings : IScore
{
    public int Weight => 2;

    public double Score(V1Pod pod, NodeInfo node)
    {
        if (References.ControllerOwner(pod.Metadata) is not { } owner)
            return 100;
        var siblings = node.Pods.Count(other => References.ControllerOwner(other.Metadata)?.Uid == owner.Uid);
        return 100.0 / (1 + siblings);
    }
}
