using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Fields that stay as they were created.</summary>
internal static class SelectorRules
{
    public static void Immutable(JsonObject value, JsonObject old, List<FieldFault> faults, params ReadOnlySpan<string> path)
    {
        var field = string.Join('.', path);
        if (!JsonNode.DeepEquals(value.At(path), old.At(path)))
            faults.Add(FieldFault.Invalid(field, value.At(path)?.DeepClone(), "field is immutable"));
    }

    public static void NotNegative(JsonObject value, List<FieldFault> faults, params ReadOnlySpan<string> path)
    {
        if (value.Number(path) is < 0)
            faults.Add(FieldFault.Invalid(string.Join('.', path), value.Number(path), "must be greater than or equal to 0"));
    }
}
