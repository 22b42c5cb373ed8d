using System.Text.Json;
using Network.Api.Errors;
using Network.Api.Resources;

namespace Network.Api.Selectors;

public sealed record FieldRequirement(string Label, string Path, bool Equal, string Value);

/// <summary>The field selector of a query string; only <c>=</c>, <c>==</c> and <c>!=</c>, only the fields a kind offers.</summary>
public sealed record FieldSelector(IReadOnlyList<FieldRequirement> Requirements)
{
    public static FieldSelector Everything { get; } = new([]);

    /// <summary>The name a <c>metadata.name=x</c> selector asks for; clients wait for one object this way.</summary>
    public string? ExactName => Requirements.FirstOrDefault(r => r.Equal && r.Path == "metadata.name")?.Value;

    /// <exception cref="ApiException">400, a field this kind cannot be selected by.</exception>
    public static FieldSelector Parse(string? text, ResourceInfo resource)
    {
        if (string.IsNullOrWhiteSpace(text))
            return Everything;
        var requirements = new List<FieldRequirement>();
        foreach (var term in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var at = term.IndexOf('=');
            if (at < 1)
                throw Refusal.BadRequest($"invalid selector: '{text}'; can't understand '{term}'");
            var equal = term[at - 1] != '!';
            var label = equal ? term[..at] : term[..(at - 1)];
            var value = term[(at + 1)..];
            if (value.StartsWith('='))
                value = value[1..];
            var path = label is "metadata.name" or "metadata.namespace" ? label : resource.SelectableFields.GetValueOrDefault(label);
            if (path is null)
                throw Refusal.BadRequest($"Unable to find \"{resource.ApiVersion}, Resource={resource.Plural}\" that match label selector \"\", field selector \"{text}\": field label not supported: {label}");
            requirements.Add(new(label, path, equal, value.Replace("\\=", "=").Replace("\\,", ",")));
        }

        return new FieldSelector(requirements);
    }

    public bool Matches(JsonElement root)
    {
        foreach (var requirement in Requirements)
        {
            if ((ValueAt(root, requirement.Path) == requirement.Value) != requirement.Equal)
                return false;
        }

        return true;
    }

    private static string ValueAt(JsonElement root, string path)
    {
        var at = root;
        foreach (var range in path.AsSpan().Split('.'))
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(path.AsSpan(range), out at))
                return path is "spec.unschedulable" or "spec.hostNetwork" ? "false" : path is "status.replicas" or "status.succeeded" ? "0" : "";
        }

        return at.ValueKind switch
        {
            JsonValueKind.String => at.GetString()!,
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => at.GetRawText(),
        };
    }
}
