using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Registry;
using Network.ApiServer.Strategies;

namespace Network.ApiServer.CustomResources;

/// <summary>CustomResourceDefinition apiextensions.k8s.io/v1: defaults, and everything that would make it unservable refused by field.</summary>
internal sealed class DefinitionStrategy : Strategy
{
    private const string Approval = "api-approved.kubernetes.io";

    public override void Default(JsonObject value)
    {
        if (value["spec"] is not JsonObject spec)
            return;
        var names = spec.Child("names");
        var kind = names.Text("kind");
        names.Default("singular", kind.ToLowerInvariant());
        names.Default("listKind", kind + "List");
        spec.Child("conversion").Default("strategy", "None");
        if (spec.Flag("preserveUnknownFields") == false)
            spec.Remove("preserveUnknownFields");
    }

    public override void PrepareForCreate(JsonObject value)
    {
        value.Remove("status");
        // The definition stays until its objects are gone (apiextensions finalizer).
        var metadata = value.Child("metadata");
        if (!metadata.Texts("finalizers").Contains(Definition.Finalizer))
            metadata["finalizers"] = new JsonArray([.. metadata.Texts("finalizers").Append(Definition.Finalizer).Select(text => (JsonNode)text)]);
    }

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        var spec = value["spec"];
        var (group, plural) = (spec.Text("group"), spec.Text("names", "plural"));
        if (group.Length > 0 && (!ObjectNames.IsSubdomain(group) || !group.Contains('.')))
            faults.Add(FieldFault.Invalid("spec.group", group, "should be a domain with at least one dot"));
        if (group.Length > 0 && plural.Length > 0 && value["metadata"].Text("name") is { Length: > 0 } name && name != $"{plural}.{group}")
            faults.Add(FieldFault.Invalid("metadata.name", name, "must be spec.names.plural+\".\"+spec.group"));
        if ((group.EndsWith(".k8s.io", StringComparison.Ordinal) || group.EndsWith(".kubernetes.io", StringComparison.Ordinal)) && value["metadata"].Text("annotations", Approval).Length == 0)
            faults.Add(FieldFault.Required($"metadata.annotations[{Approval}]", "protected groups must have approval annotation \"api-approved.kubernetes.io\""));
        CheckNames(spec.At("names"), faults);
        PodSpecRules.OneOf(spec.Text("scope"), "spec.scope", faults, "Cluster", "Namespaced");
        // Version changes beyond apiVersion would need somebody to ask.
        PodSpecRules.OneOf(spec.Text("conversion", "strategy"), "spec.conversion.strategy", faults, "None");
        if (spec.Flag("preserveUnknownFields") == true)
            faults.Add(FieldFault.Invalid("spec.preserveUnknownFields", true, "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"));
        DefinitionVersionRules.Check(spec.Items("versions").ToList(), faults);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults)
    {
        if (!Definition.IsEstablished(old))
            return;
        foreach (var path in (ReadOnlySpan<string>)["scope", "names.kind", "names.plural", "group"])
        {
            var steps = path.Split('.');
            if (value["spec"].Text(steps) != old["spec"].Text(steps))
                faults.Add(FieldFault.Invalid($"spec.{path}", value["spec"].Text(steps), "field is immutable"));
        }

        var stored = old["status"].Texts("storedVersions").ToList();
        foreach (var missing in stored.Except(value["spec"].Items("versions").Select(version => version.Text("name"))))
            faults.Add(FieldFault.Invalid("status.storedVersions[0]", missing, "missing from spec.versions; objects may still be stored in that version"));
    }

    private static void CheckNames(JsonNode? names, List<FieldFault> faults)
    {
        foreach (var part in (ReadOnlySpan<string>)["plural", "singular", "kind", "listKind"])
        {
            var text = names.Text(part);
            if (text.Length > 0 && !ObjectNames.IsLabel(text.ToLowerInvariant()))
                faults.Add(FieldFault.Invalid($"spec.names.{part}", text, ObjectNames.LabelRule));
        }

        if (names.Text("plural") is var plural && plural != plural.ToLowerInvariant())
            faults.Add(FieldFault.Invalid("spec.names.plural", plural, ObjectNames.LabelRule));
        if (names.Text("listKind") is { Length: > 0 } list && list == names.Text("kind"))
            faults.Add(FieldFault.Invalid("spec.names.listKind", list, "kind and listKind may not be the same"));
        foreach (var name in names.Texts("shortNames").Where(name => !ObjectNames.IsLabel(name)))
            faults.Add(FieldFault.Invalid("spec.names.shortNames", name, ObjectNames.LabelRule));
    }
}
