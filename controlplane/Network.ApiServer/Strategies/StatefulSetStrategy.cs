using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Stateful sets: identity is fixed, so almost nothing may change.</summary>
internal sealed class StatefulSetStrategy : Strategy
{
    private static readonly string[] s_mutable =
        ["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"];

    public override void Default(JsonObject value)
    {
        var spec = value.Child("spec");
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("podManagementPolicy", "OrderedReady");
        var strategy = spec.Child("updateStrategy");
        if (strategy.Text("type").Length == 0)
            strategy["type"] = "RollingUpdate";
        if (strategy.Text("type") == "RollingUpdate")
            strategy.Child("rollingUpdate").Default("partition", 0);
        var retention = spec.Child("persistentVolumeClaimRetentionPolicy");
        retention.Default("whenDeleted", "Retain");
        retention.Default("whenScaled", "Retain");
        PodTemplates.Default(spec, "template");
    }

    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["replicas"] = 0, ["availableReplicas"] = 0 };

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        SelectorRules.NotNegative(value, faults, "spec", "replicas");
        PodSpecRules.CheckTemplate(value, faults);
        DeploymentStrategy.RequireAlways(value, faults);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults)
    {
        var (now, before) = ((JsonObject)value.Child("spec").DeepClone(), (JsonObject)old.Child("spec").DeepClone());
        foreach (var name in s_mutable)
        {
            now.Remove(name);
            before.Remove(name);
        }

        if (!JsonNode.DeepEquals(now, before))
        {
            faults.Add(FieldFault.Forbidden("spec",
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"));
        }
    }
}
