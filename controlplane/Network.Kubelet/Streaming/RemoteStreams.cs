using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Network.Kubelet.Streaming;

internal readonly record struct TerminalSize(int Width, int Height)
{
    /// <summary>Go's JSON of remotecommand.TerminalSize: <c>{"Width":80,"Height":24}</c>.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> json, out TerminalSize size)
    {
        size = default;
        try
        {
            if (JsonNode.Parse(json) is not JsonObject node)
                return false;
            size = new TerminalSize((int?)node["Width"] ?? 0, (int?)node["Height"] ?? 0);
            return size is { Width: > 0 and <= ushort.MaxValue, Height: > 0 and <= ushort.MaxValue };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }
}

/// <summary>Which streams a client of exec or attach wants.</summary>
internal sealed record StreamRequest(bool Stdin, bool Stdout, bool Stderr, bool Tty);

/// <summary>The client's side of exec and attach, the same over SPDY and WebSocket.</summary>
internal interface IRemoteStreams
{
    /// <summary>Standard input; completes at its end or when the client is gone.</summary>
    ChannelReader<ReadOnlyMemory<byte>> Input { get; }

    ChannelReader<TerminalSize> Sizes { get; }

    /// <summary>Cancelled when the client is gone.</summary>
    CancellationToken Gone { get; }

    ValueTask WriteAsync(bool error, ReadOnlyMemory<byte> data, CancellationToken cancel);

    /// <summary>Ends the outputs, sends the status and closes.</summary>
    ValueTask FinishAsync(JsonObject status);
}

/// <summary>The v4 status objects that end exec and attach.</summary>
internal static class RemoteStatus
{
    internal static JsonObject Success() => new() { ["metadata"] = new JsonObject(), ["status"] = "Success" };

    internal static JsonObject Exit(int code) => code == 0 ? Success() : new JsonObject
    {
        ["metadata"] = new JsonObject(),
        ["status"] = "Failure",
        ["message"] = $"command terminated with exit code {code}",
        ["reason"] = "NonZeroExitCode",
        ["details"] = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = code.ToString() }) },
    };

    internal static JsonObject Error(string message) => new()
    {
        ["metadata"] = new JsonObject(),
        ["status"] = "Failure",
        ["message"] = message,
        ["reason"] = "InternalError",
        ["code"] = 500,
    };
}
