using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Strategies;

/// <summary>Label selectors, and fields that stay as they were created.</summary>
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

    /// <summary>A metav1.LabelSelector (apimachinery meta/v1/validation); null is none.</summary>
    public static void Check(JsonNode? selector, string path, List<FieldFault> faults)
    {
        MetadataRules.CheckLabels(selector.At("matchLabels") as JsonObject, $"{path}.matchLabels", faults);
        var i = 0;
        foreach (var expression in selector.Items("matchExpressions"))
        {
            var where = $"{path}.matchExpressions[{i++}]";
            var values = expression.Texts("values").ToList();
            switch (expression.Text("operator"))
            {
                case "In" or "NotIn" when values.Count == 0:
                    faults.Add(FieldFault.Required($"{where}.values", "must be specified when `operator` is 'In' or 'NotIn'"));
                    break;
                case "Exists" or "DoesNotExist" when values.Count > 0:
                    faults.Add(FieldFault.Forbidden($"{where}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
                    break;
                case not ("In" or "NotIn" or "Exists" or "DoesNotExist"):
                    faults.Add(FieldFault.Invalid($"{where}.operator", expression.Text("operator"), "not a valid selector operator"));
                    break;
            }

            if (expression.Text("key") is var key && !ObjectNames.IsLabelKey(key))
                faults.Add(FieldFault.Invalid($"{where}.key", key, ObjectNames.LabelKeyRule));
            foreach (var value in values.Where(value => !ObjectNames.IsLabelValue(value)))
                faults.Add(FieldFault.Invalid($"{where}.values", value, ObjectNames.LabelValueRule));
        }
    }
}
