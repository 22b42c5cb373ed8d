using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Ingresses.</summary>
internal sealed class IngressStrategy : Strategy
{
    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        if (value.At("spec", "rules") is not JsonArray { Count: > 0 } && value.At("spec", "defaultBackend") is null)
            faults.Add(FieldFault.Invalid("spec", value["spec"]?.DeepClone() ?? new JsonObject(), "either `defaultBackend` or `rules` must be specified"));
        var i = 0;
        foreach (var rule in value.Items("spec", "rules"))
        {
            var j = 0;
            foreach (var path in rule.Items("http", "paths"))
                PodSpecRules.OneOf(path.Text("pathType"), $"spec.rules[{i}].http.paths[{j++}].pathType", faults, "Exact", "ImplementationSpecific", "Prefix");
            i++;
        }
    }
}
