using System.Text.Json;
using Network.Api.Errors;

namespace Network.Api.Selectors;

public enum LabelOperator { In, NotIn, Exists, DoesNotExist, GreaterThan, LessThan }

public sealed record LabelRequirement(string Key, LabelOperator Operator, IReadOnlyList<string> Values)
{
    public bool Matches(string? value) => Operator switch
    {
        LabelOperator.In => value is not null && Values.Contains(value),
        LabelOperator.NotIn => value is null || !Values.Contains(value),
        LabelOperator.Exists => value is not null,
        LabelOperator.DoesNotExist => value is null,
        LabelOperator.GreaterThan => long.TryParse(value, out var a) && long.TryParse(Values[0], out var b) && a > b,
        _ => long.TryParse(value, out var c) && long.TryParse(Values[0], out var d) && c < d,
    };
}

/// <summary>The label selector of a query string: <c>a=b,c!=d,e in (f,g),h,!i</c>. An empty selector matches everything.</summary>
public sealed record LabelSelector(IReadOnlyList<LabelRequirement> Requirements)
{
    public static LabelSelector Everything { get; } = new([]);

    /// <exception cref="ApiException">400, the text is not a selector.</exception>
    public static LabelSelector Parse(string? text) => string.IsNullOrWhiteSpace(text) ? Everything : new LabelSelectorParser(text).Parse();

    public bool Matches(Func<string, string?> labelOf)
    {
        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labelOf(requirement.Key)))
                return false;
        }

        return true;
    }

    /// <summary>Matches against the labels object of an object's metadata.</summary>
    public bool Matches(JsonElement root)
    {
        if (Requirements.Count == 0)
            return true;
        var has = root.TryGetProperty("metadata"u8, out var metadata) && metadata.TryGetProperty("labels"u8, out var found);
        var labels = has ? metadata.GetProperty("labels"u8) : default;
        return Matches(key => labels.ValueKind == JsonValueKind.Object && labels.TryGetProperty(key, out var value) ? value.GetString() : null);
    }
}
