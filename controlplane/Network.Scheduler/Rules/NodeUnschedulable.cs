using k8s.Models;
using Network.Api.Placement;

namespace Network.Scheduler.Rules;

/// <summary>Cordoned nodes take only pods that tolerate it.</summary>
internal sealed class NodeUnschedulable : IFilter
{
    private static readonly V1Taint s_taint = new() { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" };

    public IEnumerable<string> Reasons(V1Pod pod, NodeInfo node)
    {
        if (node.Node.Spec?.Unschedulable == true && !pod.Spec.Tolerates(s_taint))
            yield return "node(s) were unschedulable";
    }
}
