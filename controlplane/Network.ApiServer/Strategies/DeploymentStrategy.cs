using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Deployments.</summary>
internal sealed class DeploymentStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        var spec = value.Child("spec");
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("progressDeadlineSeconds", 600);
        var strategy = spec.Child("strategy");
        if (strategy.Text("type").Length == 0)
            strategy["type"] = "RollingUpdate";
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Child("rollingUpdate");
            rolling.Default("maxUnavailable", "25%");
            rolling.Default("maxSurge", "25%");
        }

        PodTemplates.Default(spec, "template");
    }

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        SelectorRules.NotNegative(value, faults, "spec", "replicas");
        PodSpecRules.OneOf(value.Text("spec", "strategy", "type"), "spec.strategy.type", faults, "Recreate", "RollingUpdate");
        if (value.Text("spec", "strategy", "type") == "Recreate" && value.At("spec", "strategy", "rollingUpdate") is not null)
            faults.Add(FieldFault.Forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"));
        PodSpecRules.CheckTemplate(value, faults);
        RequireAlways(value, faults);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults) =>
        SelectorRules.Immutable(value, old, faults, "spec", "selector");

    /// <summary>Controllers that keep pods running have no use for pods that end.</summary>
    internal static void RequireAlways(JsonObject value, List<FieldFault> faults)
    {
        if (value.Text("spec", "template", "spec", "restartPolicy") is { Length: > 0 } policy and not "Always")
            faults.Add(FieldFault.NotSupported("spec.template.spec.restartPolicy", policy, "Always"));
    }
}
