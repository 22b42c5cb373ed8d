using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Daemon sets.</summary>
internal sealed class DaemonSetStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        var spec = value.Child("spec");
        spec.Default("revisionHistoryLimit", 10);
        var strategy = spec.Child("updateStrategy");
        if (strategy.Text("type").Length == 0)
            strategy["type"] = "RollingUpdate";
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Child("rollingUpdate");
            rolling.Default("maxUnavailable", 1);
            rolling.Default("maxSurge", 0);
        }

        PodTemplates.Default(spec, "template");
    }

    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject
    {
        ["currentNumberScheduled"] = 0, ["numberMisscheduled"] = 0, ["desiredNumberScheduled"] = 0, ["numberReady"] = 0,
    };

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        PodSpecRules.CheckTemplate(value, faults);
        DeploymentStrategy.RequireAlways(value, faults);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults) =>
        SelectorRules.Immutable(value, old, faults, "spec", "selector");
}
