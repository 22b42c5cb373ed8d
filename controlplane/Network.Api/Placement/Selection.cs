using k8s.Models;

namespace Network.Api.Placement;

/// <summary>Label selectors over typed objects.</summary>
public static class Selection
{
    /// <summary>An absent selector matches nothing, an empty one everything (API conventions).</summary>
    public static bool Matches(V1LabelSelector? selector, IDictionary<string, string>? labels)
    {
        if (selector is null)
            return false;
        labels ??= new Dictionary<string, string>();
        return Matches(selector.MatchLabels, labels) && (selector.MatchExpressions ?? []).All(e => Holds(e, labels));
    }

    /// <summary>Every wanted label is there; wanting none matches everything.</summary>
    public static bool Matches(IDictionary<string, string>? wanted, IDictionary<string, string>? labels) =>
        (wanted ?? new Dictionary<string, string>()).All(pair => labels is not null && labels.TryGetValue(pair.Key, out var value) && value == pair.Value);

    private static bool Holds(V1LabelSelectorRequirement e, IDictionary<string, string> labels)
    {
        var has = labels.TryGetValue(e.Key, out var value);
        return e.OperatorProperty switch
        {
            "In" => has && e.Values.Contains(value!),
            "NotIn" => !has || !e.Values.Contains(value!),
            "Exists" => has,
            "DoesNotExist" => !has,
            _ => false,
        };
    }
}
