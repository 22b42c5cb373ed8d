using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Priority classes (pkg/apis/scheduling/validation): the names and numbers of the system are the system's.</summary>
internal sealed class PriorityClassStrategy : Strategy
{
    private const long HighestUserPriority = 1_000_000_000;

    public override void Default(JsonObject value) => value.Default("preemptionPolicy", "PreemptLowerPriority");

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        var (name, priority) = (value.Text("metadata", "name"), value.Number("value") ?? 0);
        if ((name, priority) is ("system-cluster-critical", 2_000_000_000) or ("system-node-critical", 2_000_001_000))
            return;
        if (name.StartsWith("system-", StringComparison.Ordinal))
            faults.Add(FieldFault.Forbidden("metadata.name", "priority class names with 'system-' prefix are reserved for system use only"));
        if (priority > HighestUserPriority)
            faults.Add(FieldFault.Forbidden("value", $"maximum allowed value of a user defined priority is {HighestUserPriority}"));
        PodSpecRules.OneOf(value.Text("preemptionPolicy"), "preemptionPolicy", faults, "PreemptLowerPriority", "Never");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults)
    {
        if ((value.Number("value") ?? 0) != (old.Number("value") ?? 0))
            faults.Add(FieldFault.Forbidden("value", "may not be changed in an update."));
        if (value.Text("preemptionPolicy") != old.Text("preemptionPolicy"))
            faults.Add(FieldFault.Invalid("preemptionPolicy", value["preemptionPolicy"]?.DeepClone(), "field is immutable"));
    }
}
