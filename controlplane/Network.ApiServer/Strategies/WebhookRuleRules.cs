using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Validation of a webhook's rules: every list says something, and a wildcard stands alone.</summary>
internal static class WebhookRuleRules
{
    public static void Check(JsonObject hook, string path, List<FieldFault> faults)
    {
        var i = 0;
        foreach (var rule in hook.Items("rules"))
            CheckRule(rule, $"{path}[{i++}]", faults);
    }

    private static void CheckRule(JsonObject rule, string path, List<FieldFault> faults)
    {
        CheckList(rule, "operations", "operations", path, faults);
        CheckList(rule, "apiGroups", "API groups", path, faults);
        CheckList(rule, "apiVersions", "API versions", path, faults);
        var operations = rule.Texts("operations").ToList();
        for (var i = 0; i < operations.Count; i++)
        {
            if (operations[i] is not ("*" or "CREATE" or "UPDATE" or "DELETE" or "CONNECT"))
                faults.Add(FieldFault.NotSupported($"{path}.operations[{i}]", operations[i], "*", "CONNECT", "CREATE", "DELETE", "UPDATE"));
        }

        var versions = rule.Texts("apiVersions").ToList();
        for (var i = 0; i < versions.Count; i++)
        {
            if (versions[i].Length == 0)
                faults.Add(FieldFault.Required($"{path}.apiVersions[{i}]"));
        }

        CheckResources(rule, $"{path}.resources", faults);
        PodSpecRules.OneOf(rule.Text("scope"), $"{path}.scope", faults, "*", "Cluster", "Namespaced");
    }

    private static void CheckList(JsonObject rule, string field, string what, string path, List<FieldFault> faults)
    {
        var values = rule.Texts(field).ToList();
        if (values.Count == 0)
            faults.Add(FieldFault.Required($"{path}.{field}"));
        else if (values.Count > 1 && values.Contains("*"))
            faults.Add(FieldFault.Invalid($"{path}.{field}", rule[field]?.DeepClone(), $"if '*' is present, must not specify other {what}"));
    }

    private static void CheckResources(JsonObject rule, string path, List<FieldFault> faults)
    {
        var resources = rule.Texts("resources").ToList();
        if (resources.Count == 0)
            faults.Add(FieldFault.Required(path));
        var (wholes, parts) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        for (var i = 0; i < resources.Count; i++)
        {
            var slash = resources[i].IndexOf('/');
            if (resources[i].Length == 0)
                faults.Add(FieldFault.Required($"{path}[{i}]"));
            if (slash < 0)
                continue;
            var (resource, part) = (resources[i][..slash], resources[i][(slash + 1)..]);
            if (wholes.Contains(resource))
                faults.Add(FieldFault.Invalid($"{path}[{i}]", resources[i], $"if '{resource}/*' is present, must not specify {resources[i]}"));
            if (parts.Contains(part))
                faults.Add(FieldFault.Invalid($"{path}[{i}]", resources[i], $"if '*/{part}' is present, must not specify {resources[i]}"));
            if (part == "*")
                wholes.Add(resource);
            if (resource == "*")
                parts.Add(part);
        }

        if (resources.Count > 1 && resources.Contains("*/*"))
            faults.Add(FieldFault.Invalid(path, rule["resources"]?.DeepClone(), "if '*/*' is present, must not specify other resources"));
        if (resources.Contains("*") && resources.Exists(resource => resource != "*" && !resource.Contains('/')))
            faults.Add(FieldFault.Invalid(path, rule["resources"]?.DeepClone(), "if '*' is present, must not specify other resources without subresources"));
    }
}
