using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Network.Kubelet.Streaming;

/// <summary>Exec and attach over WebSocket: the first byte of a message is its channel (KEP-4006); base64 variants carry text.</summary>
internal sealed class WebSocketRemoteStreams(WebSocket socket, string protocol) : IRemoteStreams
{
    private const byte Stdin = 0, Stdout = 1, Stderr = 2, Status = 3, Resize = 4, Close = 255;
    private readonly Channel<ReadOnlyMemory<byte>> _input = Channel.CreateBounded<ReadOnlyMemory<byte>>(64);
    private readonly Channel<TerminalSize> _sizes = Channel.CreateUnbounded<TerminalSize>();
    private readonly CancellationTokenSource _gone = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly bool _base64 = protocol.Contains("base64", StringComparison.Ordinal);
    private readonly bool _structured = protocol.StartsWith("v4.", StringComparison.Ordinal) || protocol.StartsWith("v5.", StringComparison.Ordinal);

    /// <summary>What is spoken here, best first.</summary>
    internal static IReadOnlyList<string> Protocols { get; } =
        ["v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io"];

    public ChannelReader<ReadOnlyMemory<byte>> Input => _input.Reader;

    public ChannelReader<TerminalSize> Sizes => _sizes.Reader;

    public CancellationToken Gone => _gone.Token;

    /// <summary>Receives until the client closes or vanishes.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        var buffer = new byte[32 * 1024];
        var message = new MemoryStream();
        try
        {
            // Old clients take the first message as the sign that the connection stands.
            if (!_structured)
                await SendAsync(Stdout, ReadOnlyMemory<byte>.Empty, cancel).ConfigureAwait(false);
            while (true)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(), cancel).ConfigureAwait(false);
                if (part.MessageType == WebSocketMessageType.Close)
                    return;
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage)
                    continue;
                await ReceiveAsync(message.ToArray(), cancel).ConfigureAwait(false);
                message.SetLength(0);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The client is gone.
        }
        finally
        {
            _input.Writer.TryComplete();
            await _gone.CancelAsync().ConfigureAwait(false);
        }
    }

    public ValueTask WriteAsync(bool error, ReadOnlyMemory<byte> data, CancellationToken cancel) => SendAsync(error ? Stderr : Stdout, data, cancel);

    public async ValueTask FinishAsync(JsonObject status)
    {
        try
        {
            // The status must come before the close: without it kubectl takes any exit for success.
            if (_structured)
                await SendAsync(Status, Encoding.UTF8.GetBytes(status.ToJsonString()), CancellationToken.None).ConfigureAwait(false);
            else if ((string?)status["status"] == "Failure")
                await SendAsync(Status, Encoding.UTF8.GetBytes((string)status["message"]!), CancellationToken.None).ConfigureAwait(false);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Nobody is left to hear how it ended.
        }
    }

    private async ValueTask ReceiveAsync(byte[] message, CancellationToken cancel)
    {
        if (message.Length == 0)
            return;
        var channel = _base64 ? (byte)(message[0] - '0') : message[0];
        var content = _base64 ? Convert.FromBase64String(Encoding.ASCII.GetString(message.AsSpan(1))) : message.AsMemory(1);
        switch (channel)
        {
            case Stdin when !content.IsEmpty:
                try
                {
                    await _input.Writer.WriteAsync(content, cancel).ConfigureAwait(false);
                }
                catch (ChannelClosedException)
                {
                    // The process closed its input; the rest is dropped as a pipe would.
                }

                break;
            case Resize when TerminalSize.TryParse(content.Span, out var size):
                _sizes.Writer.TryWrite(size);
                break;
            case Close when content is { Length: 1 } && content.Span[0] == Stdin:
                _input.Writer.TryComplete();
                break;
        }
    }

    private async ValueTask SendAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        var message = _base64
            ? Encoding.ASCII.GetBytes($"{channel}{Convert.ToBase64String(data.Span)}")
            : [channel, .. data.Span];
        await _sending.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            await socket.SendAsync(message.AsMemory(), _base64 ? WebSocketMessageType.Text : WebSocketMessageType.Binary, true, cancel).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }
}
