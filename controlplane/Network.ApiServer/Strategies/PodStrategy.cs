using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Pods: defaults, what may change after creation, graceful deletion.</summary>
internal sealed class PodStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        var spec = value.Child("spec");
        PodDefaults.Apply(spec);
        // Templates leave this out (nil means true); a pod says it.
        spec.Default("enableServiceLinks", true);
    }

    public override void PrepareForCreate(JsonObject value) =>
        value["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = QualityOfService.Of(value) };

    public override void PrepareForUpdate(JsonObject value, JsonObject old)
    {
        // Ephemeral containers change through their subresource only.
        if (old["spec"].At("ephemeralContainers") is { } kept)
            value.Child("spec")["ephemeralContainers"] = kept.DeepClone();
    }

    public override void Validate(JsonObject value, List<FieldFault> faults) => PodSpecRules.Check(value["spec"], "spec", faults);

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults)
    {
        if (JsonNode.DeepEquals(Frozen(value, old), Frozen(old, old)))
            return;
        faults.Add(FieldFault.Forbidden("spec",
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"));
    }

    public override long? GraceSeconds(JsonObject value, long? requested)
    {
        var grace = requested ?? value.Number("spec", "terminationGracePeriodSeconds") ?? 30;
        // Nobody has to stop a pod that no kubelet runs.
        if (value.Text("spec", "nodeName").Length == 0 || value.Text("status", "phase") is "Succeeded" or "Failed")
            return 0;
        return grace < 0 ? 1 : grace;
    }

    // The spec without what may change; tolerations may only grow.
    private static JsonObject Frozen(JsonObject pod, JsonObject old)
    {
        var spec = (JsonObject)(pod["spec"]?.DeepClone() ?? new JsonObject());
        spec.Remove("activeDeadlineSeconds");
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            foreach (var container in spec.Items(list))
                container.Remove("image");
        }

        var before = old.Items("spec", "tolerations").ToList();
        if (before.All(b => spec.Items("tolerations").Any(t => JsonNode.DeepEquals(t, b))))
            spec.Remove("tolerations");
        // The scheduler's gates may be taken away, not added.
        if (spec.At("schedulingGates") is JsonArray gates && gates.All(g => old.Items("spec", "schedulingGates").Any(o => JsonNode.DeepEquals(o, g))))
            spec.Remove("schedulingGates");
        return spec;
    }
}
