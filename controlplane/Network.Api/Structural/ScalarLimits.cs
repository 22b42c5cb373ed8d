using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Quantities;

namespace Network.Api.Structural;

/// <summary>Bounds, patterns and formats of single values.</summary>
internal static class ScalarLimits
{
    internal static void Check(JsonValue value, StructuralSchema schema, string path, List<FieldFault> faults)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String:
                CheckText(value.GetValue<string>(), schema, path, faults);
                break;
            case JsonValueKind.Number:
                CheckNumber(double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture), value, schema, path, faults);
                break;
        }
    }

    private static void CheckText(string text, StructuralSchema schema, string path, List<FieldFault> faults)
    {
        var limits = schema.Limits;
        var length = text.EnumerateRunes().Count();
        if (limits.MaxLength is { } most && length > most)
            faults.Add(FieldFault.TooLong(path, (int)most));
        if (limits.MinLength is { } least && length < least)
            faults.Add(FieldFault.Invalid(path, text, $"{path} in body should be at least {least} chars long"));
        if (limits.Pattern is { } pattern && !pattern.IsMatch(text))
            faults.Add(FieldFault.Invalid(path, text, $"{path} in body should match '{pattern}'"));
        if (schema.Format.Length > 0 && !HasFormat(text, schema.Format))
            faults.Add(FieldFault.Invalid(path, text, $"{path} in body must be of type {schema.Format}: \"{text}\""));
    }

    private static void CheckNumber(double number, JsonValue value, StructuralSchema schema, string path, List<FieldFault> faults)
    {
        var limits = schema.Limits;
        if (limits.Minimum is { } least && (limits.ExclusiveMinimum ? number <= least : number < least))
            faults.Add(FieldFault.Invalid(path, value.DeepClone(), $"{path} in body should be greater than {(limits.ExclusiveMinimum ? "" : "or equal to ")}{Spell(least)}"));
        if (limits.Maximum is { } most && (limits.ExclusiveMaximum ? number >= most : number > most))
            faults.Add(FieldFault.Invalid(path, value.DeepClone(), $"{path} in body should be less than {(limits.ExclusiveMaximum ? "" : "or equal to ")}{Spell(most)}"));
        if (limits.MultipleOf is { } step && step > 0 && Math.Abs(Math.IEEERemainder(number, step)) > 1e-9)
            faults.Add(FieldFault.Invalid(path, value.DeepClone(), $"{path} in body should be a multiple of {Spell(step)}"));
        var fits = schema.Format switch
        {
            "int32" => number is >= int.MinValue and <= int.MaxValue,
            "int64" => number is >= long.MinValue and <= long.MaxValue,
            _ => true,
        };
        if (!fits)
            faults.Add(FieldFault.Invalid(path, value.DeepClone(), $"{path} in body must be of type {schema.Format}: \"{Spell(number)}\""));
    }

    // Formats this server does not know are documentation, as upstream treats them.
    private static bool HasFormat(string text, string format) => format switch
    {
        "date-time" or "datetime" => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _) && text.Contains('T'),
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "ipv4" => IPAddress.TryParse(text, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && text.Count(c => c == '.') == 3,
        "ipv6" => IPAddress.TryParse(text, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6,
        "cidr" => text.Contains('/') && IPNetwork.TryParse(text, out _),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "byte" => System.Buffers.Text.Base64.IsValid(text.AsSpan()),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _),
        "email" => text.IndexOf('@') is > 0 and var at && at < text.Length - 1,
        "hostname" => Uri.CheckHostName(text) == UriHostNameType.Dns,
        "quantity" => Quantity.TryParse(text, out _),
        _ => true,
    };

    private static string Spell(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
