using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Network.Kubelet.Streaming.Spdy;

/// <summary>Exec and attach over SPDY: one stream each for error, stdin, stdout, stderr and resize.</summary>
internal sealed class SpdyRemoteStreams : IRemoteStreams
{
    private static readonly TimeSpan s_opening = TimeSpan.FromSeconds(30);
    private readonly Dictionary<string, SpdyStream> _streams = [];
    private readonly CancellationTokenSource _gone = new();
    private readonly Channel<TerminalSize> _sizes = Channel.CreateUnbounded<TerminalSize>();

    private SpdyRemoteStreams()
    {
    }

    public ChannelReader<ReadOnlyMemory<byte>> Input => _streams["stdin"].Input;

    public ChannelReader<TerminalSize> Sizes => _sizes.Reader;

    public CancellationToken Gone => _gone.Token;

    /// <summary>Waits for every stream the request implies; null when they do not come.</summary>
    internal static async Task<SpdyRemoteStreams?> AcceptAsync(SpdyConnection connection, StreamRequest request, bool resizable, CancellationToken cancel)
    {
        var expected = 1 + (request.Stdin ? 1 : 0) + (request.Stdout ? 1 : 0) + (request.Stderr && !request.Tty ? 1 : 0) + (request.Tty && resizable ? 1 : 0);
        var result = new SpdyRemoteStreams();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_opening);
        try
        {
            while (result._streams.Count < expected)
            {
                var stream = await connection.Opened.ReadAsync(limit.Token).ConfigureAwait(false);
                result._streams[stream.Headers.GetValueOrDefault("streamtype", "")] = stream;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            return null;
        }

        _ = result.FollowAsync(connection);
        return result;
    }

    public async ValueTask WriteAsync(bool error, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        if (_streams.TryGetValue(error ? "stderr" : "stdout", out var stream))
            await stream.WriteAsync(data, cancel).ConfigureAwait(false);
    }

    public async ValueTask FinishAsync(JsonObject status)
    {
        try
        {
            foreach (var name in (string[])["stdout", "stderr"])
            {
                if (_streams.TryGetValue(name, out var output))
                    await output.EndAsync(CancellationToken.None).ConfigureAwait(false);
            }

            if (_streams.TryGetValue("error", out var error))
            {
                await error.WriteAsync(Encoding.UTF8.GetBytes(status.ToJsonString()), CancellationToken.None).ConfigureAwait(false);
                await error.EndAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Nobody is left to hear how it ended.
        }
    }

    private async Task FollowAsync(SpdyConnection connection)
    {
        if (_streams.TryGetValue("resize", out var resize))
        {
            await foreach (var message in resize.Input.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                if (TerminalSize.TryParse(message.Span, out var size))
                    _sizes.Writer.TryWrite(size);
            }
        }

        await connection.Opened.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _gone.CancelAsync().ConfigureAwait(false);
    }
}
