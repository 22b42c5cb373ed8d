using System.Text.Json;
using System.Text.Json.Nodes;

namespace Network.Kubelet.Sandbox;

/// <summary>The network of a pod: its namespace and what the plugins answered. It outlives every container of the pod.</summary>
internal sealed record PodSandbox(string Id, string? NetNs, IReadOnlyList<string> Addresses)
{
    /// <summary>The network configuration as used for ADD, kept so that DEL matches even when the file changed meanwhile.</summary>
    internal string? NetworkFile { get; init; }
    internal JsonObject? NetworkConfig { get; init; }
    internal JsonObject? AddResult { get; init; }
    internal JsonObject? Capabilities { get; init; }
    internal bool Attached { get; init; }

    internal string ToJson() => new JsonObject
    {
        ["id"] = Id,
        ["netns"] = NetNs,
        ["addresses"] = new JsonArray([.. Addresses.Select(address => (JsonNode)address)]),
        ["networkFile"] = NetworkFile,
        ["network"] = NetworkConfig?.DeepClone(),
        ["result"] = AddResult?.DeepClone(),
        ["capabilities"] = Capabilities?.DeepClone(),
        ["attached"] = Attached,
    }.ToJsonString();

    internal static PodSandbox? TryParse(string json)
    {
        try
        {
            var node = JsonNode.Parse(json)!;
            return new PodSandbox((string)node["id"]!, (string?)node["netns"], [.. node["addresses"]!.AsArray().Select(item => (string)item!)])
            {
                NetworkFile = (string?)node["networkFile"],
                NetworkConfig = node["network"] as JsonObject,
                AddResult = node["result"] as JsonObject,
                Capabilities = node["capabilities"] as JsonObject,
                Attached = (bool?)node["attached"] ?? false,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException)
        {
            return null;
        }
    }
}
