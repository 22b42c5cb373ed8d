using k8s.Models;
using Network.Api.Placement;

namespace Network.Scheduler.Rules;

/// <summary>nodeSelector and required node affinity.</summary>
internal sealed class NodeAffinity : IFilter
{
    public IEnumerable<string> Reasons(V1Pod pod, NodeInfo node)
    {
        if (!pod.Spec.Admits(node.Node))
            yield return "node(s) didn't match Pod's node affinity/selector";
    }
}
