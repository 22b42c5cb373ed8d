using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Authorization;

/// <summary>One rule of a role, with upstream's wildcards.</summary>
internal sealed record PolicyRule(IReadOnlyList<string> Verbs, IReadOnlyList<string> Groups, IReadOnlyList<string> Resources)
{
    public IReadOnlyList<string> Names { get; init; } = [];

    public IReadOnlyList<string> Paths { get; init; } = [];

    public static PolicyRule From(JsonNode rule) => new([.. rule.Texts("verbs")], [.. rule.Texts("apiGroups")], [.. rule.Texts("resources")])
    {
        Names = [.. rule.Texts("resourceNames")], Paths = [.. rule.Texts("nonResourceURLs")],
    };

    public bool Allows(AccessRequest request)
    {
        if (!Has(Verbs, request.Verb))
            return false;
        if (request.Path.Length > 0)
            return Paths.Any(p => p == "*" || p == request.Path || (p.EndsWith('*') && request.Path.StartsWith(p[..^1], StringComparison.Ordinal)));
        return Has(Groups, request.Group) && AllowsResource(request) && (Names.Count == 0 || (request.Name.Length > 0 && Names.Contains(request.Name)));
    }

    private static bool Has(IReadOnlyList<string> list, string value) => list.Contains("*") || list.Contains(value);

    private bool AllowsResource(AccessRequest request) => Has(Resources, request.FullResource)
        || (request.Subresource.Length > 0 && Resources.Contains("*/" + request.Subresource));
}
