using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Addresses;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>Reads the fields of a network file; what is wrong is told by file, field and fix.</summary>
internal sealed class NetworkFileReader(string path)
{
    internal OverlayException Refused(string field, string what, string fix) => new($"network file {path}: {field} {what}; {fix}");

    /// <summary>A field nobody reads is a misspelt one.</summary>
    internal void Only(JsonObject node, string at, IReadOnlyCollection<string> names)
    {
        foreach (var (name, _) in node)
        {
            if (!names.Contains(name))
                throw Refused(at + name, "is no field", $"the fields are {string.Join(", ", names)}");
        }
    }

    internal string? Text(JsonObject node, string at, string field) => node[field] switch
    {
        null => null,
        JsonValue value when value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is { Length: > 0 } text => text,
        _ => throw Refused(at + field, "is no text", "write it in quotes"),
    };

    internal int? Number(JsonObject node, string field, int least, int most)
    {
        if (node[field] is not { } value)
            return null;
        return value is JsonValue number && number.GetValueKind() == JsonValueKind.Number && number.TryGetValue(out int found) && found >= least && found <= most
            ? found
            : throw Refused(field, $"{value.ToJsonString()} is out of range", $"write a number from {least} to {most}");
    }

    internal bool? Flag(JsonObject node, string field) => node[field] switch
    {
        null => null,
        JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => value.GetValue<bool>(),
        var other => throw Refused(field, $"{other.ToJsonString()} is neither true nor false", "write one of them"),
    };

    internal List<IPNetwork> Ranges(JsonObject node, string at, string field) => [.. Texts(node, at, field).Select(text => IpRange.TryParse(text, out var range)
        ? range
        : throw Refused(at + field, $"\"{text}\" is not a range", "write address/prefix with the host bits zero"))];

    internal List<IPAddress> Addresses(JsonObject node, string at, string field) => [.. Texts(node, at, field).Select(text => IPAddress.TryParse(text, out var address)
        ? address
        : throw Refused(at + field, $"\"{text}\" is not an IP address", "write one"))];

    internal PerFamily<IPNetwork> PerFamily(JsonObject node, string at, string field)
    {
        var ranges = default(PerFamily<IPNetwork>);
        foreach (var range in Ranges(node, at, field))
        {
            if (ranges[range.BaseAddress.AddressFamily] is { } twice)
                throw Refused(at + field, $"{twice} and {range} are of one family", "give at most one of each");
            ranges = ranges.With(range.BaseAddress.AddressFamily, range);
        }

        return ranges;
    }

    private IEnumerable<string> Texts(JsonObject node, string at, string field) => node[field] switch
    {
        null => [],
        JsonArray array => array.Select(item => item is JsonValue value && value.GetValueKind() == JsonValueKind.String
            ? value.GetValue<string>()
            : throw Refused(at + field, "holds something else than text", "write [\"...\", \"...\"]")),
        _ => throw Refused(at + field, "is no list", "write [\"...\", \"...\"]"),
    };
}
