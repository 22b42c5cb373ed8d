using System.Text.Json;
using System.Text.Json.Nodes;

namespace Network.Kubelet.Cni;

/// <summary>A network configuration list: the plugins to run in order.</summary>
internal sealed record CniNetwork(string Name, string Version, IReadOnlyList<JsonObject> Plugins, string File)
{
    // The highest this runtime speaks; a list may name several (CNI 1.1 section 1, cniVersions).
    private static readonly string[] s_spoken = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

    /// <summary>The list forbids GC: other users of the network are unknown to this runtime.</summary>
    internal bool DisableGc { get; init; }

    /// <summary>GC and STATUS came with 1.1.0.</summary>
    internal bool HasUpkeep => Version == "1.1.0";

    /// <summary>The first valid configuration of a directory in lexical order, as every runtime picks it; null when there is none.</summary>
    internal static CniNetwork? Find(string directory, out string? problem)
    {
        problem = null;
        if (!Directory.Exists(directory))
            return null;
        foreach (var file in Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal))
        {
            if (Path.GetExtension(file) is not (".conf" or ".conflist" or ".json"))
                continue;
            if (TryParse(System.IO.File.ReadAllText(file), file, out var network, out problem))
                return network;
        }

        return null;
    }

    internal static bool TryParse(string json, string file, out CniNetwork network, out string? problem)
    {
        network = null!;
        problem = null;
        try
        {
            var root = JsonNode.Parse(json) as JsonObject;
            if (root is null || (string?)root["name"] is not { Length: > 0 } name)
                problem = $"{file}: name is missing";
            else if (root["plugins"] is JsonArray { Count: > 0 } plugins)
                network = new CniNetwork(name, VersionOf(root), [.. plugins.Select(node => node!.AsObject())], file) { DisableGc = root["disableGC"] is JsonValue flag && flag.ToString() == "true" };
            else if (root["type"] is not null)
                network = new CniNetwork(name, VersionOf(root), [root], file);
            else
                problem = $"{file}: neither plugins nor type is set";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException)
        {
            problem = $"{file}: {e.Message}";
        }

        return network is not null;
    }

    private static string VersionOf(JsonObject root)
    {
        var offered = root["cniVersions"] is JsonArray list ? list.Select(node => (string?)node ?? "").ToList() : [];
        offered.Add((string?)root["cniVersion"] ?? "0.2.0");
        return offered.Where(version => s_spoken.Contains(version)).OrderBy(version => Array.IndexOf(s_spoken, version)).LastOrDefault() ?? offered[^1];
    }
}
