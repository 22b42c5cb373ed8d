using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;

namespace Network.ApiServer.Auditing;

internal enum AuditLevel { None, Metadata, Request, RequestResponse }

/// <summary>How much of a request is written down, and at which stages.</summary>
internal sealed record AuditDecision(AuditLevel Level, IReadOnlyCollection<string> OmitStages, bool OmitManagedFields);

/// <summary>An audit policy (audit.k8s.io/v1 Policy): the first rule that matches decides; what none matches is not written.</summary>
internal sealed class AuditPolicy
{
    private static readonly AuditDecision s_none = new(AuditLevel.None, [], false);
    private readonly IReadOnlyList<JsonObject> _rules;
    private readonly IReadOnlyList<string> _omitStages;
    private readonly bool _omitManagedFields;

    private AuditPolicy(JsonObject policy)
    {
        _rules = [.. policy.Items("rules")];
        _omitStages = [.. policy.Texts("omitStages")];
        _omitManagedFields = policy.Flag("omitManagedFields") == true;
    }

    /// <exception cref="FormatException">The text is no audit policy.</exception>
    public static AuditPolicy Parse(string yaml)
    {
        if (JsonNode.Parse(YamlBody.ToJson(yaml)) is not JsonObject policy || policy.Text("kind") != "Policy" || !policy.Text("apiVersion").StartsWith("audit.k8s.io/", StringComparison.Ordinal))
            throw new FormatException("audit policy: kind must be Policy and apiVersion audit.k8s.io/v1");
        var parsed = new AuditPolicy(policy);
        if (parsed._rules.Count == 0)
            throw new FormatException("audit policy: rules must have at least one entry, else nothing is ever written");
        for (var i = 0; i < parsed._rules.Count; i++)
        {
            if (!Enum.TryParse<AuditLevel>(parsed._rules[i].Text("level"), out _))
                throw new FormatException($"audit policy: rules[{i}].level is \"{parsed._rules[i].Text("level")}\"; it must be None, Metadata, Request or RequestResponse");
        }

        return parsed;
    }

    public AuditDecision Decide(UserInfo user, AccessRequest request)
    {
        if (_rules.FirstOrDefault(r => Matches(r, user, request)) is not { } rule || !Enum.TryParse<AuditLevel>(rule.Text("level"), out var level))
            return s_none;
        return new(level, [.. _omitStages.Union(rule.Texts("omitStages"))], rule.Flag("omitManagedFields") ?? _omitManagedFields);
    }

    private static bool Matches(JsonObject rule, UserInfo user, AccessRequest request)
    {
        if (!Empty(rule, "users") && !rule.Texts("users").Contains(user.Name))
            return false;
        if (!Empty(rule, "userGroups") && !rule.Texts("userGroups").Intersect(user.Groups).Any())
            return false;
        if (!Empty(rule, "verbs") && !rule.Texts("verbs").Contains(request.Verb))
            return false;
        if (Empty(rule, "resources") && Empty(rule, "namespaces") && Empty(rule, "nonResourceURLs"))
            return true;
        if (request.Path.Length > 0)
            return rule.Texts("nonResourceURLs").Any(p => p == "*" || p == request.Path || (p.EndsWith('*') && request.Path.StartsWith(p[..^1], StringComparison.Ordinal)));
        if (Empty(rule, "resources") && Empty(rule, "namespaces"))
            return false;
        return (Empty(rule, "namespaces") || rule.Texts("namespaces").Contains(request.Namespace))
            && (Empty(rule, "resources") || rule.Items("resources").Any(g => MatchesResource(g, request)));
    }

    private static bool MatchesResource(JsonObject group, AccessRequest request)
    {
        if (group.Text("group") != request.Group)
            return false;
        if (!Empty(group, "resourceNames") && !group.Texts("resourceNames").Contains(request.Name))
            return false;
        return Empty(group, "resources") || group.Texts("resources").Any(r => r == "*" || r == request.FullResource
            || (request.Subresource.Length > 0 && (r == request.Resource + "/*" || r == "*/" + request.Subresource)));
    }

    private static bool Empty(JsonNode node, string field) => node.At(field) is not JsonArray { Count: > 0 };
}
