using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.Api.Quotas;

/// <summary>Scopes narrow a quota to some pods; other objects do not know scopes and fall out of a scoped quota.</summary>
internal static class QuotaScopes
{
    internal static bool Match(JsonObject quota, ResourceInfo resource, JsonNode? value)
    {
        var scopes = quota.Texts("spec", "scopes").Select(s => (Scope: s, Operator: "Exists", Values: new List<string>()))
            .Concat(quota.Items("spec", "scopeSelector", "matchExpressions").Select(e => (e.Text("scopeName"), e.Text("operator"), e.Texts("values").ToList()))).ToList();
        return scopes.Count == 0 || (resource is { Plural: "pods", Group: "" } && scopes.All(s => Holds(s, value)));
    }

    private static bool Holds((string Scope, string Operator, List<string> Values) scope, JsonNode? pod)
    {
        var priority = pod.Text("spec", "priorityClassName");
        return scope.Scope switch
        {
            "Terminating" => pod.Number("spec", "activeDeadlineSeconds") is >= 0,
            "NotTerminating" => pod.Number("spec", "activeDeadlineSeconds") is null,
            "BestEffort" => IsBestEffort(pod),
            "NotBestEffort" => !IsBestEffort(pod),
            "PriorityClass" => scope.Operator switch
            {
                "In" => scope.Values.Contains(priority),
                "NotIn" => !scope.Values.Contains(priority),
                "DoesNotExist" => priority.Length == 0,
                _ => priority.Length > 0,
            },
            "CrossNamespacePodAffinity" => HasNamespacedAffinity(pod),
            _ => false,
        };
    }

    private static bool IsBestEffort(JsonNode? pod) => pod.Items("spec", "containers").Concat(pod.Items("spec", "initContainers"))
        .All(c => c.At("resources", "requests") is not JsonObject { Count: > 0 } && c.At("resources", "limits") is not JsonObject { Count: > 0 });

    private static bool HasNamespacedAffinity(JsonNode? pod) => new[] { "podAffinity", "podAntiAffinity" }
        .Select(kind => pod.At("spec", "affinity", kind))
        .SelectMany(a => a.Items("requiredDuringSchedulingIgnoredDuringExecution")
            .Concat(a.Items("preferredDuringSchedulingIgnoredDuringExecution").Select(p => p["podAffinityTerm"]).OfType<JsonObject>()))
        .Any(term => term.Texts("namespaces").Any() || term["namespaceSelector"] is not null);
}
