using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Nodes. A kubelet registers with status filled, so a create keeps it.</summary>
internal sealed class NodeStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        if (value["status"] is JsonObject status && status["capacity"] is { } capacity)
            status.Default("allocatable", capacity.DeepClone());
    }

    public override void PrepareForCreate(JsonObject value)
    {
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults)
    {
        if (old.Text("spec", "podCIDR") is { Length: > 0 } assigned && value.Text("spec", "podCIDR") != assigned)
            faults.Add(FieldFault.Forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid"));
        if (old.Text("spec", "providerID") is { Length: > 0 } provider && value.Text("spec", "providerID") != provider)
            faults.Add(FieldFault.Forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid"));
    }
}
