using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Jobs: the selector is generated from the job's own uid, so that no other pod can match.</summary>
internal sealed class JobStrategy : Strategy
{
    public override void Default(JsonObject value) => DefaultSpec(value.Child("spec"));

    public override void PrepareForCreate(JsonObject value)
    {
        value.Remove("status");
        var spec = value.Child("spec");
        if (spec.Flag("manualSelector") == true)
            return;
        var (uid, name) = (value.Text("metadata", "uid"), value.Text("metadata", "name"));
        var labels = spec.Child("template").Child("metadata").Child("labels");
        labels["controller-uid"] = uid;
        labels["batch.kubernetes.io/controller-uid"] = uid;
        if (name.Length > 0)
        {
            labels["job-name"] = name;
            labels["batch.kubernetes.io/job-name"] = name;
        }

        spec["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["batch.kubernetes.io/controller-uid"] = uid } };
    }

    public override void PrepareForUpdate(JsonObject value, JsonObject old)
    {
        if (old.At("spec", "selector") is { } selector)
            value.Child("spec").Default("selector", selector.DeepClone());
    }

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        foreach (var field in (ReadOnlySpan<string>)["parallelism", "completions", "backoffLimit"])
            SelectorRules.NotNegative(value, faults, "spec", field);
        PodSpecRules.CheckTemplate(value, faults);
        if (value.Text("spec", "template", "spec", "restartPolicy") is "Always")
            faults.Add(FieldFault.Required("spec.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\""));
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults)
    {
        SelectorRules.Immutable(value, old, faults, "spec", "selector");
        SelectorRules.Immutable(value, old, faults, "spec", "template");
        if (value.Text("spec", "completionMode") != "Indexed")
            SelectorRules.Immutable(value, old, faults, "spec", "completions");
    }

    internal static void DefaultSpec(JsonObject spec)
    {
        if (spec["completions"] is null && spec["parallelism"] is null)
            spec["completions"] = 1;
        spec.Default("parallelism", 1);
        spec.Default("backoffLimit", 6);
        spec.Default("completionMode", "NonIndexed");
        spec.Default("suspend", false);
        spec.Default("manualSelector", false);
        spec.Default("podReplacementPolicy", spec["podFailurePolicy"] is null ? "TerminatingOrFailed" : "Failed");
        PodTemplates.Default(spec, "template");
    }
}
