namespace Network.Api.Selectors;

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
