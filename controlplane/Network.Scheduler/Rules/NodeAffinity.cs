using k8s.Models;

namespace Network.Scheduler.Rules;

/// <summary>nodeSelector and required node affinity: terms are alternatives, expressions within a term all hold.</summary>
internal sealed class NodeAffinity : IFilter
{
    public IEnumerable<string> Reasons(V1Pod pod, NodeInfo node)
    {
        var labels = node.Node.Metadata.Labels ?? new Dictionary<string, string>();
        var selected = (pod.Spec.NodeSelector ?? new Dictionary<string, string>())
            .All(pair => labels.TryGetValue(pair.Key, out var value) && value == pair.Value);
        var required = pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        if (!selected || (required is not null && !required.NodeSelectorTerms.Any(term => Matches(term, node.Name, labels))))
            yield return "node(s) didn't match Pod's node affinity/selector";
    }

    private static bool Matches(V1NodeSelectorTerm term, string name, IDictionary<string, string> labels)
    {
        var expressions = term.MatchExpressions ?? [];
        var fields = term.MatchFields ?? [];
        // An empty term matches nothing (API documentation of NodeSelectorTerm).
        return expressions.Count + fields.Count > 0
            && expressions.All(e => Holds(e, labels.TryGetValue(e.Key, out var value) ? value : null))
            && fields.All(e => Holds(e, e.Key == "metadata.name" ? name : null));
    }

    private static bool Holds(V1NodeSelectorRequirement e, string? value) => e.OperatorProperty switch
    {
        "In" => value is not null && e.Values.Contains(value),
        "NotIn" => value is null || !e.Values.Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => long.TryParse(value, out var have) && long.TryParse(e.Values[0], out var least) && have > least,
        "Lt" => long.TryParse(value, out var have) && long.TryParse(e.Values[0], out var most) && have < most,
        _ => false,
    };
}
