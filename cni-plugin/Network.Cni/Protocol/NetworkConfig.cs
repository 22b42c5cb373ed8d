using System.Text.Json;

namespace Network.Cni.Protocol;

/// <summary>What every type's configuration on standard input has in common.</summary>
internal sealed record NetworkConfig
{
    internal required string CniVersion { get; init; }

    internal required string Name { get; init; }

    /// <summary>The whole of it; the types read their own fields.</summary>
    internal required ConfigObject Root { get; init; }

    /// <summary>As the runtime wrote it: IPAM plugins get the whole.</summary>
    internal ReadOnlyMemory<byte> Json { get; init; }

    /// <summary>What earlier plugins of the list did (ADD), or all of them (CHECK, DEL); does not exist when absent.</summary>
    internal ConfigObject PreviousResult => Root.Object("prevResult");

    /// <summary>What the runtime fills in for the capabilities of this plugin.</summary>
    internal ConfigObject RuntimeConfig => Root.Object("runtimeConfig");

    /// <summary>GC: what must be kept. An empty list means that everything is stale, so its absence is an error.</summary>
    internal HashSet<(string ContainerId, string IfName)> ValidAttachments()
    {
        // libcni also writes the name that it had in a draft.
        var name = Root.TryGet("cni.dev/valid-attachments", out _) ? "cni.dev/valid-attachments" : "cni.dev/attachments";
        if (!Root.TryGet(name, out _))
            throw Root.Invalid("cni.dev/valid-attachments", null, "the list of attachments to keep");
        var valid = new HashSet<(string, string)>();
        foreach (var item in Root.Objects(name))
            valid.Add((item.Text("containerID") ?? throw item.Invalid("containerID", null, "the container's id"),
                item.Text("ifname") ?? throw item.Invalid("ifname", null, "the interface's name")));
        return valid;
    }

    internal static NetworkConfig Parse(ReadOnlyMemory<byte> json)
    {
        var root = Decode(json);
        var version = root.Text("cniVersion") ?? "0.1.0";
        if (!Protocol.CniVersion.IsSupported(version))
            throw new CniException(CniError.IncompatibleVersion,
                $"cniVersion \"{version}\" is not supported; use one of {string.Join(", ", Protocol.CniVersion.Supported)}");
        var name = root.Text("name") is { } own && CniEnvironment.IsContainerId(own)
            ? own
            : throw root.Invalid("name", root.Text("name"), "a network name of letters, digits, _ . -");
        var config = new NetworkConfig { CniVersion = version, Name = name, Root = root, Json = json };
        if (config.PreviousResult.Exists && config.PreviousResult.Text("cniVersion") is { } previous && !Protocol.CniVersion.IsSupported(previous))
            throw new CniException(CniError.IncompatibleVersion, $"field prevResult.cniVersion \"{previous}\" is not supported");
        _ = config.RuntimeConfig;
        return config;
    }

    /// <summary>The version to answer in; the newest when the input does not say.</summary>
    internal static string VersionOf(ReadOnlyMemory<byte> json) =>
        json.IsEmpty ? Protocol.CniVersion.Newest : Decode(json).Text("cniVersion") ?? Protocol.CniVersion.Newest;

    private static ConfigObject Decode(ReadOnlyMemory<byte> json)
    {
        try
        {
            if (!System.Text.Unicode.Utf8.IsValid(json.Span))
                throw new CniException(CniError.Decode, "the network configuration on standard input is not UTF-8");
            var root = JsonDocument.Parse(json).RootElement;
            return root.ValueKind == JsonValueKind.Object
                ? new ConfigObject(root)
                : throw new CniException(CniError.Decode, "the network configuration on standard input is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new CniException(CniError.Decode, "the network configuration on standard input is not JSON", e.Message);
        }
    }
}
