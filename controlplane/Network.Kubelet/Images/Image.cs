using System.Text.Json.Nodes;

namespace Network.Kubelet.Images;

/// <summary>What an image says about running it (OCI image-spec config.md), and its layers from bottom to top.</summary>
public sealed record Image(string Id, IReadOnlyList<string> DiffIds)
{
    public IReadOnlyList<string> Environment { get; init; } = [];
    public IReadOnlyList<string> Entrypoint { get; init; } = [];
    public IReadOnlyList<string> Command { get; init; } = [];
    public string WorkingDirectory { get; init; } = "";
    public string User { get; init; } = "";
    public string StopSignal { get; init; } = "";
    public IReadOnlyList<string> Volumes { get; init; } = [];

    internal static Image Parse(string id, ReadOnlySpan<byte> json)
    {
        try
        {
            var root = JsonNode.Parse(json)!.AsObject();
            var config = root["config"] as JsonObject ?? [];
            var layers = root["rootfs"]?["diff_ids"] as JsonArray
                ?? throw new ImageException($"image {id}: config.rootfs.diff_ids is missing");
            return new Image(id, [.. layers.Select(node => Digest.Require(node!.GetValue<string>(), $"image {id}: diff_ids"))])
            {
                Environment = Strings(config["Env"]),
                Entrypoint = Strings(config["Entrypoint"]),
                Command = Strings(config["Cmd"]),
                WorkingDirectory = (string?)config["WorkingDir"] ?? "",
                User = (string?)config["User"] ?? "",
                StopSignal = (string?)config["StopSignal"] ?? "",
                Volumes = config["Volumes"] is JsonObject volumes ? [.. volumes.Select(pair => pair.Key)] : [],
            };
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException or NullReferenceException or FormatException)
        {
            throw new ImageException($"image {id}: config is not a valid image configuration: {e.Message}", e);
        }
    }

    private static IReadOnlyList<string> Strings(JsonNode? node) =>
        node is JsonArray array ? [.. array.Select(item => item!.GetValue<string>())] : [];
}
