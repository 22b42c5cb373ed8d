using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Subresources;

/// <summary>metav1.LabelSelector against labels; null selects nothing, empty everything.</summary>
internal static class SelectorObject
{
    public static bool Matches(JsonNode? selector, JsonNode? labels)
    {
        if (selector is not JsonObject)
            return false;
        foreach (var (key, value) in selector.At("matchLabels") as JsonObject ?? [])
        {
            if (labels.At(key)?.ToString() != value?.ToString())
                return false;
        }

        return selector.Items("matchExpressions").All(e => MatchesExpression(e, labels.At(e.Text("key"))?.ToString()));
    }

    /// <summary>The query form, as a Scale's status.selector shows it.</summary>
    public static string ToQuery(JsonNode? selector)
    {
        var parts = (selector.At("matchLabels") as JsonObject ?? []).Select(p => $"{p.Key}={p.Value}").ToList();
        foreach (var expression in selector.Items("matchExpressions"))
        {
            var (key, values) = (expression.Text("key"), string.Join(',', expression.Texts("values").Order(StringComparer.Ordinal)));
            parts.Add(expression.Text("operator") switch
            {
                "In" => $"{key} in ({values})",
                "NotIn" => $"{key} notin ({values})",
                "Exists" => key,
                _ => "!" + key,
            });
        }

        return string.Join(',', parts.Order(StringComparer.Ordinal));
    }

    private static bool MatchesExpression(JsonObject expression, string? value) => expression.Text("operator") switch
    {
        "In" => value is not null && expression.Texts("values").Contains(value),
        "NotIn" => value is null || !expression.Texts("values").Contains(value),
        "Exists" => value is not null,
        _ => value is null,
    };
}
