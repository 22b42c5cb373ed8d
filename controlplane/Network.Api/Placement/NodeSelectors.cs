using k8s.Models;

namespace Network.Api.Placement;

/// <summary>nodeSelector and required node affinity as the core/v1 API documents them.</summary>
public static class NodeSelectors
{
    /// <summary>True when a pod's nodeSelector and its required node affinity both admit the node.</summary>
    public static bool Admits(this V1PodSpec pod, V1Node node)
    {
        var labels = node.Metadata.Labels ?? new Dictionary<string, string>();
        var selected = (pod.NodeSelector ?? new Dictionary<string, string>()).All(pair => labels.TryGetValue(pair.Key, out var value) && value == pair.Value);
        var required = pod.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return selected && (required is null || required.NodeSelectorTerms.Any(term => term.Matches(node)));
    }

    /// <summary>Terms are alternatives; expressions and fields within a term all hold. An empty term matches nothing.</summary>
    public static bool Matches(this V1NodeSelectorTerm term, V1Node node)
    {
        var expressions = term.MatchExpressions ?? [];
        var fields = term.MatchFields ?? [];
        return expressions.Count + fields.Count > 0
            && expressions.All(e => Holds(e, node.Metadata.Labels?.TryGetValue(e.Key, out var value) == true ? value : null))
            && fields.All(e => Holds(e, e.Key == "metadata.name" ? node.Metadata.Name : null));
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
