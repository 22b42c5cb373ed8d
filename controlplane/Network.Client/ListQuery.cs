using System.Text;

namespace Network.Client;

/// <summary>What a list or watch covers.</summary>
public sealed record ListQuery
{
    public static readonly ListQuery All = new();

    /// <summary>Null means all namespaces.</summary>
    public string? Namespace { get; init; }

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    internal string ToQueryString(params ReadOnlySpan<(string Key, string? Value)> more)
    {
        var query = new StringBuilder();
        Append(query, "labelSelector", LabelSelector);
        Append(query, "fieldSelector", FieldSelector);
        foreach (var (key, value) in more)
            Append(query, key, value);
        return query.ToString();
    }

    private static void Append(StringBuilder query, string key, string? value)
    {
        if (value is not null)
            query.Append(query.Length == 0 ? '?' : '&').Append(key).Append('=').Append(Uri.EscapeDataString(value));
    }
}
