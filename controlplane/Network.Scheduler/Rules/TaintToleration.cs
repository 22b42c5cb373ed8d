using k8s.Models;
using Network.Api.Placement;

namespace Network.Scheduler.Rules;

/// <summary>Taints NoSchedule and NoExecute keep pods away that do not tolerate them.</summary>
internal sealed class TaintToleration : IFilter
{
    public IEnumerable<string> Reasons(V1Pod pod, NodeInfo node)
    {
        foreach (var taint in node.Node.Spec?.Taints ?? [])
        {
            if (taint.Effect is not ("NoSchedule" or "NoExecute") || pod.Spec.Tolerates(taint))
                continue;
            yield return $"node(s) had untolerated taint {{{taint.Key}: {taint.Value}}}";
            yield break;
        }
    }
}
