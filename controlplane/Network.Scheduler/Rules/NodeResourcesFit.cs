using k8s.Models;

namespace Network.Scheduler.Rules;

/// <summary>Requests must fit into what the node can give beside the pods it has.</summary>
internal sealed class NodeResourcesFit : IFilter
{
    public IEnumerable<string> Reasons(V1Pod pod, NodeInfo node)
    {
        var wanted = ResourceAmounts.RequestsOf(pod.Spec);
        foreach (var name in wanted.Names)
        {
            if (wanted[name] > 0 && node.Requested[name] + wanted[name] > node.Allocatable[name])
                yield return name == ResourceAmounts.Pods ? "Too many pods" : $"Insufficient {name}";
        }
    }
}
