using System.Text.Json.Nodes;

namespace Network.Api.Errors;

/// <summary>One wrong field, in upstream's words (apimachinery util/validation/field).</summary>
public sealed record FieldFault(string Reason, string Field, string Text)
{
    public static FieldFault Required(string field, string detail = "") =>
        new("FieldValueRequired", field, detail.Length == 0 ? "Required value" : $"Required value: {detail}");

    public static FieldFault Invalid(string field, JsonNode? value, string detail) =>
        new("FieldValueInvalid", field, $"Invalid value: {Spell(value)}: {detail}");

    public static FieldFault NotSupported(string field, string value, params ReadOnlySpan<string> supported)
    {
        var list = string.Join(", ", supported.ToArray().Order(StringComparer.Ordinal).Select(s => $"\"{s}\""));
        return new("FieldValueNotSupported", field, $"Unsupported value: \"{value}\": supported values: {list}");
    }

    public static FieldFault Duplicate(string field, JsonNode? value) => new("FieldValueDuplicate", field, $"Duplicate value: {Spell(value)}");

    public static FieldFault Forbidden(string field, string detail) => new("FieldValueForbidden", field, $"Forbidden: {detail}");

    public static FieldFault NotFound(string field, string value) => new("FieldValueNotFound", field, $"Not found: \"{value}\"");

    public static FieldFault TooLong(string field, int limit) => new("FieldValueTooLong", field, $"Too long: may not be more than {limit} bytes");

    public override string ToString() => $"{Field}: {Text}";

    public JsonObject ToCause() => new() { ["reason"] = Reason, ["message"] = Text, ["field"] = Field };

    private static string Spell(JsonNode? value) => value?.ToJsonString() ?? "null";
}
