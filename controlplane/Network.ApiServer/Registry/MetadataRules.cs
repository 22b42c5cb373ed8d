using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.ApiServer.Registry;

/// <summary>Checks of metadata that hold for every kind (apimachinery api/validation).</summary>
internal static class MetadataRules
{
    public static void Check(ResourceInfo resource, JsonObject value, List<FieldFault> faults)
    {
        var metadata = value["metadata"];
        var name = metadata.Text("name");
        if (name.Length == 0)
            faults.Add(FieldFault.Required("metadata.name", "name or generateName is required"));
        else if (NameFault(resource, name) is { } rule)
            faults.Add(FieldFault.Invalid("metadata.name", name, rule));
        CheckLabels(metadata.At("labels") as JsonObject, "metadata.labels", faults);
        if (metadata.At("annotations") is JsonObject annotations)
        {
            foreach (var (key, _) in annotations)
            {
                if (!ObjectNames.IsLabelKey(key.ToLowerInvariant()))
                    faults.Add(FieldFault.Invalid("metadata.annotations", key, ObjectNames.LabelKeyRule));
            }
        }

        foreach (var finalizer in metadata.Texts("finalizers"))
        {
            if (!ObjectNames.IsLabelKey(finalizer))
                faults.Add(FieldFault.Invalid("metadata.finalizers", finalizer, ObjectNames.LabelKeyRule));
        }
    }

    public static void CheckLabels(JsonObject? labels, string field, List<FieldFault> faults)
    {
        if (labels is null)
            return;
        foreach (var (key, value) in labels)
        {
            if (!ObjectNames.IsLabelKey(key))
                faults.Add(FieldFault.Invalid(field, key, ObjectNames.LabelKeyRule));
            if (value is not null && !ObjectNames.IsLabelValue(value.ToString()))
                faults.Add(FieldFault.Invalid(field, value.ToString(), ObjectNames.LabelValueRule));
        }
    }

    private static string? NameFault(ResourceInfo resource, string name)
    {
        // RBAC names only need to survive a URL path; "v1." is the core group's registration, and an address may be one of IPv6.
        if (resource.Group is "rbac.authorization.k8s.io" or "apiregistration.k8s.io" || resource.Plural == "ipaddresses")
            return name is "." or ".." || name.AsSpan().IndexOfAny('/', '%') >= 0 ? "may not contain '/' or '%'" : null;
        // A service's name may begin with a digit (KEP-5311).
        if (resource is { Group: "", Plural: "namespaces" or "services" })
            return ObjectNames.IsLabel(name) ? null : ObjectNames.LabelRule;
        return ObjectNames.IsSubdomain(name) || resource.Kind == "Event" ? null : ObjectNames.SubdomainRule;
    }
}
