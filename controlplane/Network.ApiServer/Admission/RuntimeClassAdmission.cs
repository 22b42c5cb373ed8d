using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>A pod of a runtime class gets its overhead, node selector and tolerations (KEP-585, KEP-688).</summary>
internal sealed class RuntimeClassAdmission(ObjectRegistry registry) : IAdmission
{
    private static readonly ResourceInfo? s_classes = ResourceCatalog.Find("node.k8s.io", "v1", "runtimeclasses");

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || !request.IsFor("pods"))
            return default;
        var spec = request.Value.Child("spec");
        var name = spec.Text("runtimeClassName");
        if (name.Length == 0)
        {
            if (spec["overhead"] is JsonObject { Count: > 0 })
                throw Refuse(request, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
            return default;
        }

        var found = s_classes is null ? null : registry.Find(s_classes, "", name);
        if (found is null)
            throw Refuse(request, $"pod rejected: RuntimeClass \"{name}\" not found");
        if (found.At("overhead", "podFixed") is { } overhead)
        {
            if (spec["overhead"] is JsonObject { Count: > 0 } given && !JsonNode.DeepEquals(given, overhead))
                throw Refuse(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
            spec["overhead"] = overhead.DeepClone();
        }

        Schedule(request, spec, found);
        return default;
    }

    private static void Schedule(AdmissionRequest request, JsonObject spec, JsonObject found)
    {
        foreach (var (key, value) in found.At("scheduling", "nodeSelector") as JsonObject ?? [])
        {
            var selector = spec.Child("nodeSelector");
            if (selector[key] is { } present && present.ToString() != value?.ToString())
                throw Refuse(request, "conflict: RuntimeClass and Pod nodeSelector do not agree");
            selector[key] = value?.DeepClone();
        }

        foreach (var toleration in found.Items("scheduling", "tolerations"))
        {
            if (spec["tolerations"] is not JsonArray tolerations)
                spec["tolerations"] = tolerations = [];
            if (!tolerations.Any(t => JsonNode.DeepEquals(t, toleration)))
                tolerations.Add(toleration.DeepClone());
        }
    }

    private static ApiException Refuse(AdmissionRequest request, string why) => Refusal.Forbidden("pods", "", request.Name, why);
}
