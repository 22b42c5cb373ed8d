using k8s.Models;

namespace Network.Scheduler.Rules;

/// <summary>One reason why a node may be out of the question for a pod. Pure; looks at nothing but its arguments.</summary>
public interface IFilter
{
    /// <summary>Upstream's reason texts, which end up in <c>0/3 nodes are available: ...</c>; empty when the node fits.</summary>
    IEnumerable<string> Reasons(V1Pod pod, NodeInfo node);
}

/// <summary>How well a fitting node suits a pod.</summary>
public interface IScore
{
    int Weight { get; }

    /// <summary>0 (worst) to 100 (best).</summary>
    double Score(V1Pod pod, NodeInfo node);
}
