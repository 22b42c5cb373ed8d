using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Quantities;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Resource quotas: limits are quantities that are not negative, scopes are known and fixed.</summary>
internal sealed class ResourceQuotaStrategy : Strategy
{
    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        foreach (var (name, amount) in value.At("spec", "hard") as JsonObject ?? [])
        {
            if (!Quantity.TryParse(amount?.ToString(), out var limit))
                faults.Add(FieldFault.Invalid($"spec.hard[{name}]", amount?.DeepClone(), "must be a quantity"));
            else if (limit.Nanos < 0)
                faults.Add(FieldFault.Invalid($"spec.hard[{name}]", amount!.ToString(), "must be greater than or equal to 0"));
        }

        var i = 0;
        foreach (var scope in value.Texts("spec", "scopes"))
            PodSpecRules.OneOf(scope, $"spec.scopes[{i++}]", faults, "Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults) => SelectorRules.Immutable(value, old, faults, "spec", "scopes");
}
