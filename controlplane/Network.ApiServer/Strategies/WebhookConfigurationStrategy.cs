using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Strategies;

/// <summary>Webhook configurations of both kinds (pkg/apis/admissionregistration/validation).</summary>
internal sealed class WebhookConfigurationStrategy(bool mutating) : Strategy
{
    private const string SideEffects = "None, NoneOnDryRun";

    public override void Default(JsonObject value)
    {
        foreach (var hook in value.Items("webhooks"))
        {
            hook.Default("failurePolicy", "Fail");
            hook.Default("matchPolicy", "Equivalent");
            hook.Default("namespaceSelector", new JsonObject());
            hook.Default("objectSelector", new JsonObject());
            hook.Default("timeoutSeconds", 10);
            if (mutating)
                hook.Default("reinvocationPolicy", "Never");
            foreach (var rule in hook.Items("rules"))
                rule.Default("scope", "*");
            if (hook.At("clientConfig", "service") is JsonObject service)
                service.Default("port", 443);
        }
    }

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var i = 0;
        foreach (var hook in value.Items("webhooks"))
        {
            var path = $"webhooks[{i++}]";
            CheckName(hook.Text("name"), $"{path}.name", names, faults);
            CheckPolicies(hook, path, faults);
            CheckVersions(hook, $"{path}.admissionReviewVersions", faults);
            WebhookRuleRules.Check(hook, $"{path}.rules", faults);
            WebhookClientRules.Check(hook["clientConfig"], $"{path}.clientConfig", faults);
            foreach (var selector in (ReadOnlySpan<string>)["namespaceSelector", "objectSelector"])
                SelectorRules.Check(hook[selector], $"{path}.{selector}", faults);
            if (hook["matchConditions"] is JsonArray { Count: > 0 })
                faults.Add(FieldFault.Forbidden($"{path}.matchConditions", "match conditions are CEL expressions, which this server does not evaluate; use rules, namespaceSelector and objectSelector"));
        }
    }

    private static void CheckName(string name, string path, HashSet<string> names, List<FieldFault> faults)
    {
        if (name.Length == 0)
            return;
        if (!ObjectNames.IsSubdomain(name))
            faults.Add(FieldFault.Invalid(path, name, ObjectNames.SubdomainRule));
        else if (name.Split('.').Length < 3)
            faults.Add(FieldFault.Invalid(path, name, "should be a domain with at least three segments separated by dots"));
        if (!names.Add(name))
            faults.Add(FieldFault.Duplicate(path, name));
    }

    private void CheckPolicies(JsonObject hook, string path, List<FieldFault> faults)
    {
        PodSpecRules.OneOf(hook.Text("failurePolicy"), $"{path}.failurePolicy", faults, "Fail", "Ignore");
        PodSpecRules.OneOf(hook.Text("matchPolicy"), $"{path}.matchPolicy", faults, "Equivalent", "Exact");
        if (mutating)
            PodSpecRules.OneOf(hook.Text("reinvocationPolicy"), $"{path}.reinvocationPolicy", faults, "IfNeeded", "Never");
        PodSpecRules.OneOf(hook.Text("sideEffects"), $"{path}.sideEffects", faults, "None", "NoneOnDryRun");
        if (hook.Text("sideEffects").Length == 0)
            Say(FieldFault.Required($"{path}.sideEffects", $"must specify one of {SideEffects}"), faults);
        if (hook.Number("timeoutSeconds") is < 1 or > 30)
            faults.Add(FieldFault.Invalid($"{path}.timeoutSeconds", hook.Number("timeoutSeconds"), "the timeout value must be between 1 and 30 seconds"));
    }

    private static void CheckVersions(JsonObject hook, string path, List<FieldFault> faults)
    {
        var versions = hook.Texts("admissionReviewVersions").ToList();
        if (versions.Count == 0)
        {
            Say(FieldFault.Required(path, "must specify one of v1"), faults);
            return;
        }

        for (var i = 0; i < versions.Count; i++)
        {
            if (versions.IndexOf(versions[i]) < i)
                faults.Add(FieldFault.Invalid($"{path}[{i}]", versions[i], "duplicate version"));
            else if (!ObjectNames.IsVersionName(versions[i]))
                faults.Add(FieldFault.Invalid($"{path}[{i}]", versions[i], ObjectNames.VersionNameRule));
        }

        if (!versions.Contains("v1"))
            faults.Add(FieldFault.Invalid(path, hook["admissionReviewVersions"]?.DeepClone(), "must include at least one of v1"));
    }

    // The schema has said "required" already; this says what of.
    private static void Say(FieldFault fault, List<FieldFault> faults)
    {
        faults.RemoveAll(other => other.Field == fault.Field && other.Reason == fault.Reason);
        faults.Add(fault);
    }
}
