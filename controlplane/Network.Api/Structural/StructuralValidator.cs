using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Errors;

namespace Network.Api.Structural;

/// <summary>Holds a custom object against its schema and names every fault with its path, in upstream's words.</summary>
public static class StructuralValidator
{
    /// <summary>Checks a whole object; its metadata is judged elsewhere.</summary>
    public static void Validate(JsonObject value, StructuralSchema schema, List<FieldFault> faults)
    {
        foreach (var name in schema.Required.Where(name => value[name] is null && name is not ("metadata" or "apiVersion" or "kind")))
            faults.Add(FieldFault.Required(name));
        foreach (var (name, member) in value)
        {
            if (name is not ("metadata" or "apiVersion" or "kind") && (schema.Properties.GetValueOrDefault(name) ?? schema.Additional) is { } inner)
                Check(member, inner, name, faults);
        }

        CheckJunctors(value, schema, "", faults);
    }

    /// <summary>Checks any value at a path.</summary>
    public static void Check(JsonNode? value, StructuralSchema schema, string path, List<FieldFault> faults)
    {
        if (value is null)
        {
            if (!schema.Nullable && schema.Type.Length > 0)
                faults.Add(WrongType(path, schema.Type, "null"));
            return;
        }

        if (TypeFault(value, schema, path) is { } wrong)
        {
            faults.Add(wrong);
            return;
        }

        if (schema.Enum.Count > 0 && !schema.Enum.Any(allowed => JsonNode.DeepEquals(allowed, value)))
            faults.Add(FieldFault.NotSupported(path, TextOf(value), [.. schema.Enum.Select(TextOf)]));
        switch (value)
        {
            case JsonObject members:
                CheckObject(members, schema, path, faults);
                break;
            case JsonArray list:
                ListLimits.Check(list, schema, path, faults);
                for (var i = 0; i < list.Count && schema.Items is not null; i++)
                    Check(list[i], schema.Items, $"{path}[{i}]", faults);
                break;
            default:
                ScalarLimits.Check((JsonValue)value, schema, path, faults);
                break;
        }

        CheckJunctors(value, schema, path, faults);
    }

    internal static string TextOf(JsonNode? value) => value is JsonValue text && text.TryGetValue<string>(out var plain) ? plain : value?.ToJsonString() ?? "null";

    private static void CheckObject(JsonObject value, StructuralSchema schema, string path, List<FieldFault> faults)
    {
        // An explicit null counts as absent unless it is allowed.
        foreach (var name in schema.Required.Where(name => !value.ContainsKey(name)))
            faults.Add(FieldFault.Required($"{path}.{name}"));
        if (schema.Limits.MinProperties is { } least && value.Count < least)
            faults.Add(FieldFault.Invalid(path, value.DeepClone(), $"{path} in body should have at least {least} properties"));
        if (schema.Limits.MaxProperties is { } most && value.Count > most)
            faults.Add(new("FieldValueTooMany", path, $"Too many: {value.Count}: must have at most {most} items"));
        foreach (var (name, member) in value)
        {
            if ((schema.Properties.GetValueOrDefault(name) ?? schema.Additional) is { } inner)
                Check(member, inner, $"{path}.{name}", faults);
        }
    }

    private static void CheckJunctors(JsonNode value, StructuralSchema schema, string path, List<FieldFault> faults)
    {
        foreach (var part in schema.AllOf)
            CheckPart(value, part, path, faults);
        if (schema.AnyOf.Count > 0 && !schema.AnyOf.Any(part => Passes(value, part)))
            faults.Add(FieldFault.Invalid(path, value.DeepClone(), $"{path} in body must validate at least one schema (anyOf)"));
        if (schema.OneOf.Count > 0 && schema.OneOf.Count(part => Passes(value, part)) is var passed and not 1)
            faults.Add(FieldFault.Invalid(path, value.DeepClone(), $"{path} in body must validate one and only one schema (oneOf). Found {(passed == 0 ? "none" : passed)} valid"));
        if (schema.Not is { } not && Passes(value, not))
            faults.Add(FieldFault.Invalid(path, value.DeepClone(), $"{path} in body must not validate the schema (not)"));
    }

    private static bool Passes(JsonNode value, StructuralSchema part)
    {
        var faults = new List<FieldFault>();
        CheckPart(value, part, "", faults);
        return faults.Count == 0;
    }

    private static void CheckPart(JsonNode value, StructuralSchema part, string path, List<FieldFault> faults)
    {
        if (path.Length == 0 && value is JsonObject root)
            Validate(root, part, faults);
        else
            Check(value, part, path, faults);
    }

    private static FieldFault? TypeFault(JsonNode value, StructuralSchema schema, string path)
    {
        var got = TypeOf(value);
        if (schema.IsIntOrString)
            return got is "string" or "integer" ? null : WrongType(path, "integer,string", got);
        if (schema.Type.Length == 0 || schema.Type == got || (schema.Type == "number" && got == "integer"))
            return null;
        return WrongType(path, schema.Type, got);
    }

    private static FieldFault WrongType(string path, string wanted, string got) =>
        new("FieldValueTypeInvalid", path, $"Invalid value: \"{got}\": {path} in body must be of type {wanted}: \"{got}\"");

    private static string TypeOf(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        _ => IsInteger(value.ToJsonString()) ? "integer" : "number",
    };

    // 1.0 and 1e3 are integers in JSON schema.
    private static bool IsInteger(string number) =>
        long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
        || (double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && Math.Floor(real) == real && Math.Abs(real) < 1e15);
}
