using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Roles of both scopes (pkg/apis/rbac/validation).</summary>
internal sealed class RoleStrategy(bool namespaced) : Strategy
{
    public override void Default(JsonObject value) => value.Default("rules", new JsonArray());

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        var i = 0;
        foreach (var rule in value.Items("rules"))
            CheckRule(rule, $"rules[{i++}]", faults);
        if (value["aggregationRule"] is { } aggregation && !aggregation.Items("clusterRoleSelectors").Any())
            faults.Add(FieldFault.Required("aggregationRule.clusterRoleSelectors", "at least one clusterRoleSelector required if aggregationRule is non-nil"));
    }

    private void CheckRule(JsonObject rule, string path, List<FieldFault> faults)
    {
        if (!rule.Texts("verbs").Any())
            faults.Add(FieldFault.Required($"{path}.verbs", "verbs must contain at least one value"));
        var (groups, resources) = (rule.Texts("apiGroups").Any(), rule.Texts("resources").Any());
        if (rule.Texts("nonResourceURLs").Any())
        {
            if (namespaced)
                faults.Add(FieldFault.Invalid($"{path}.nonResourceURLs", rule["nonResourceURLs"]?.DeepClone(), "namespaced rules cannot apply to non-resource URLs"));
            if (groups || resources || rule.Texts("resourceNames").Any())
                faults.Add(FieldFault.Invalid($"{path}.nonResourceURLs", rule["nonResourceURLs"]?.DeepClone(), "rules cannot apply to both regular resources and non-resource URLs"));
            return;
        }

        if (!groups)
            faults.Add(FieldFault.Required($"{path}.apiGroups", "resource rules must supply at least one api group"));
        if (!resources)
            faults.Add(FieldFault.Required($"{path}.resources", "resource rules must supply at least one resource"));
    }
}
