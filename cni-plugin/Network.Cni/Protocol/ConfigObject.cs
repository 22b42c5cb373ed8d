using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Network.Cni.Protocol;

/// <summary>A JSON object of the configuration, read strictly: a field of the wrong type is refused by its full name.</summary>
/// <param name="Path">Of the object, with a closing dot; empty for the outermost.</param>
internal readonly record struct ConfigObject(JsonElement Element, string Path = "")
{
    /// <summary>False for an object that was not given.</summary>
    internal bool Exists => Element.ValueKind == JsonValueKind.Object;

    internal string? Text(string name)
    {
        if (!TryGet(name, out var value))
            return null;
        if (value.ValueKind != JsonValueKind.String)
            throw Invalid(name, value, "a text");
        return TextOf(value, Path + name);
    }

    internal bool Flag(string name, bool otherwise) => !TryGet(name, out var value) ? otherwise : value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Invalid(name, value, "true or false"),
    };

    /// <summary>0 when it was not given.</summary>
    internal ulong Number(string name, ulong highest = uint.MaxValue)
    {
        if (!TryGet(name, out var value))
            return 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out var number) && number <= highest
            ? number
            : throw Invalid(name, value, $"a whole number of 0 to {highest}");
    }

    internal ConfigObject Object(string name)
    {
        if (!TryGet(name, out var value))
            return default;
        return value.ValueKind == JsonValueKind.Object ? new ConfigObject(value, $"{Path}{name}.") : throw Invalid(name, value, "an object");
    }

    /// <summary>The elements of a list; none when it was not given.</summary>
    internal IEnumerable<JsonElement> List(string name)
    {
        if (!TryGet(name, out var value))
            return [];
        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Invalid(name, value, "a list");
    }

    internal IEnumerable<ConfigObject> Objects(string name)
    {
        var at = 0;
        foreach (var item in List(name))
            yield return Of(item, $"{Path}{name}[{at++}]");
    }

    internal IEnumerable<string> Texts(string name)
    {
        foreach (var item in List(name))
            yield return item.ValueKind == JsonValueKind.String ? TextOf(item, Path + name) : throw Invalid(name, item, "a list of texts");
    }

    /// <summary>
    /// By exact name, else by the name in other letters: containerd writes <c>HostPort</c> and <c>IngressRate</c> where the CNI conventions
    /// say <c>hostPort</c> and <c>ingressRate</c>, and nobody noticed, because the reference plugins' decoder reads either.
    /// </summary>
    internal bool TryGet(string name, out JsonElement value)
    {
        value = default;
        return Exists && (Element.TryGetProperty(name, out value) || TryGetInOtherLetters(name, out value)) && value.ValueKind != JsonValueKind.Null;
    }

    /// <summary>The refusal of a field's value.</summary>
    internal CniException Invalid(string name, string? value, string wanted) =>
        new(CniError.InvalidConfig, $"field {Path}{name} is {(value is null ? "missing" : $"\"{value}\"")}; give {wanted}");

    internal static ConfigObject Of(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object
        ? new ConfigObject(element, name + ".")
        : throw new CniException(CniError.InvalidConfig, $"field {name} is {Short(element)}; give an object");

    private bool TryGetInOtherLetters(string name, out JsonElement value)
    {
        foreach (var property in Element.EnumerateObject())
        {
            if (string.Equals(NameOf(property), name, StringComparison.OrdinalIgnoreCase))
            {
                value = property.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    private string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException e)
        {
            // Escapes such as a lone surrogate are JSON, but no text.
            throw new CniException(CniError.Decode, $"a field's name {(Path.Length == 0 ? "" : $"in {Path[..^1]} ")}is not valid Unicode text", e.Message);
        }
    }

    private CniException Invalid(string name, JsonElement value, string wanted) =>
        new(CniError.InvalidConfig, $"field {Path}{name} is {Short(value)}; give {wanted}");

    private static string Short(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 80 ? text : text[..80] + "...";
    }

    [return: NotNull]
    private static string TextOf(JsonElement value, string name)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            // Escapes such as a lone surrogate are JSON, but no text.
            throw new CniException(CniError.Decode, $"field {name} is not valid Unicode text", e.Message);
        }
    }
}
