using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Structural;
using Network.ApiServer.Strategies;

namespace Network.ApiServer.CustomResources;

/// <summary>Objects of custom kinds: defaults and validation by their schema.</summary>
internal sealed class CustomResourceStrategy(ResourceInfo resource) : Strategy
{
    private readonly StructuralSchema _schema = resource.Schema.Structure!;

    public override void Default(JsonObject value) => StructuralDefaults.Apply(value, _schema);

    public override void PrepareForCreate(JsonObject value)
    {
        if (resource.Has(ResourceTraits.Status))
            value.Remove("status");
    }

    public override void Validate(JsonObject value, List<FieldFault> faults) => StructuralValidator.Validate(value, _schema, faults);

    public override void ValidateStatus(JsonObject value, List<FieldFault> faults)
    {
        if (_schema.Properties.GetValueOrDefault("status") is { } status && value["status"] is { } shown)
            StructuralValidator.Check(shown, status, "status", faults);
    }
}
