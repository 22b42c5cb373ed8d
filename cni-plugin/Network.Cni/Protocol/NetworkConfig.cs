using System.Text.Json;

namespace Network.Cni.Protocol;

/// <summary>The configuration on standard input, validated once here.</summary>
internal sealed record NetworkConfig
{
    /// <summary>Addresses live as long as their veths: until the next boot.</summary>
    internal const string DefaultDataDirectory = "/run/podnet/cni";

    internal required string CniVersion { get; init; }

    internal required string Name { get; init; }

    internal required string Bridge { get; init; }

    /// <summary>0 leaves the kernel's default.</summary>
    internal int Mtu { get; init; }

    /// <summary>A pod may reach itself through its service.</summary>
    internal bool HairpinMode { get; init; } = true;

    internal required Subnet Subnet { get; init; }

    internal required string DataDirectory { get; init; }

    /// <summary>Passed through to the result; undefined when absent.</summary>
    internal JsonElement Dns { get; init; }

    /// <summary>The final ADD result, given to CHECK and DEL; undefined when absent.</summary>
    internal JsonElement PreviousResult { get; init; }

    /// <summary>GC: what must be kept. Undefined (not given) differs from empty (keep nothing).</summary>
    internal JsonElement ValidAttachments { get; init; }

    internal static NetworkConfig Parse(ReadOnlyMemory<byte> json)
    {
        var root = Decode(json);
        var version = Text(root, "cniVersion") ?? "0.1.0";
        if (!Protocol.CniVersion.IsSupported(version))
            throw new CniException(CniError.IncompatibleVersion,
                $"cniVersion \"{version}\" is not supported; use one of {string.Join(", ", Protocol.CniVersion.Supported)}");
        var ipam = root.TryGetProperty("ipam", out var given) && given.ValueKind == JsonValueKind.Object ? given : default;
        var name = Text(root, "name") is { } own && CniEnvironment.IsContainerId(own)
            ? own
            : throw Invalid("name", Text(root, "name"), "a network name of letters, digits, _ . -");
        return new NetworkConfig
        {
            CniVersion = version,
            Name = name,
            Bridge = Text(root, "bridge") is { Length: > 0 and <= 15 } bridge
                ? bridge
                : throw Invalid("bridge", Text(root, "bridge"), "a device name of at most 15 characters"),
            Mtu = MtuOf(root),
            HairpinMode = !root.TryGetProperty("hairpinMode", out var hairpin) || hairpin.ValueKind != JsonValueKind.False,
            Subnet = Subnet.TryParse(Text(ipam, "subnet"), out var subnet)
                ? subnet
                : throw Invalid("ipam.subnet", Text(ipam, "subnet"), "an IPv4 network of /8 to /29 such as 10.244.1.0/24"),
            DataDirectory = Text(ipam, "dataDir") ?? DefaultDataDirectory,
            Dns = Object(root, "dns"),
            PreviousResult = Object(root, "prevResult"),
            ValidAttachments = root.TryGetProperty("cni.dev/valid-attachments", out var valid) ? valid : default,
        };
    }

    /// <summary>The version VERSION must answer in; the newest when the input does not say.</summary>
    internal static string VersionOf(ReadOnlyMemory<byte> json) =>
        json.IsEmpty ? Protocol.CniVersion.Newest : Text(Decode(json), "cniVersion") ?? Protocol.CniVersion.Newest;

    internal static string? Text(JsonElement parent, string name)
    {
        try
        {
            return parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
        }
        catch (InvalidOperationException e)
        {
            // Escapes such as a lone surrogate are JSON, but no text.
            throw new CniException(CniError.Decode, $"field {name} is not valid Unicode text", e.Message);
        }
    }

    private static JsonElement Decode(ReadOnlyMemory<byte> json)
    {
        try
        {
            if (!System.Text.Unicode.Utf8.IsValid(json.Span))
                throw new CniException(CniError.Decode, "the network configuration on standard input is not UTF-8");
            var root = JsonDocument.Parse(json).RootElement;
            return root.ValueKind == JsonValueKind.Object
                ? root
                : throw new CniException(CniError.Decode, "the network configuration on standard input is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new CniException(CniError.Decode, "the network configuration on standard input is not JSON", e.Message);
        }
    }

    private static int MtuOf(JsonElement root)
    {
        if (!root.TryGetProperty("mtu", out var value))
            return 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var mtu) && mtu is 0 or (>= 576 and <= 65535)
            ? mtu
            : throw Invalid("mtu", value.ToString(), "0 or 576 to 65535");
    }

    private static JsonElement Object(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : default;

    private static CniException Invalid(string field, string? value, string wanted) =>
        new(CniError.InvalidConfig, $"field {field} is {(value is null ? "missing" : $"\"{value}\"")}; give {wanted}");
}
