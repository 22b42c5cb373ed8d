using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Authorization;

/// <summary>One rule of a role, with upstream's wildcards.</summary>
internal sealed record PolicyRule(IReadOnlyList<string> Verbs, IReadOnlyList<string> Groups, IReadOnlyList<string> Resources)
{
    /// <summary>Everything there is: what the group system:masters holds.</summary>
    public static IReadOnlyList<PolicyRule> Everything { get; } = [new(["*"], ["*"], ["*"]), new(["*"], [], []) { Paths = ["*"] }];

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
            return AllowsPath(request.Path);
        return Has(Groups, request.Group) && AllowsResource(request.FullResource) && (Names.Count == 0 || (request.Name.Length > 0 && Names.Contains(request.Name)));
    }

    /// <summary>True when whoever holds this rule also holds <paramref name="simple"/>, a rule of one verb and one resource or path.</summary>
    public bool Covers(PolicyRule simple)
    {
        if (!Has(Verbs, simple.Verbs[0]))
            return false;
        if (simple.Paths.Count > 0)
            return AllowsPath(simple.Paths[0]);
        return Has(Groups, simple.Groups[0]) && AllowsResource(simple.Resources[0]) && (Names.Count == 0 || (simple.Names.Count > 0 && Names.Contains(simple.Names[0])));
    }

    private static bool Has(IReadOnlyList<string> list, string value) => list.Contains("*") || list.Contains(value);

    private bool AllowsPath(string path) =>
        Paths.Any(p => p == "*" || p == path || (p.EndsWith('*') && path.StartsWith(p[..^1], StringComparison.Ordinal)));

    private bool AllowsResource(string resource) => Has(Resources, resource)
        || (resource.IndexOf('/') is > 0 and var slash && Resources.Contains("*" + resource[slash..]));
}
