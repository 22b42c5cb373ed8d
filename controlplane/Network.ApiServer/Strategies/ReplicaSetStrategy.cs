using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Replica sets.</summary>
internal sealed class ReplicaSetStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        var spec = value.Child("spec");
        spec.Default("replicas", 1);
        PodTemplates.Default(spec, "template");
    }

    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["replicas"] = 0 };

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        SelectorRules.NotNegative(value, faults, "spec", "replicas");
        PodSpecRules.CheckTemplate(value, faults);
        DeploymentStrategy.RequireAlways(value, faults);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults) =>
        SelectorRules.Immutable(value, old, faults, "spec", "selector");
}
