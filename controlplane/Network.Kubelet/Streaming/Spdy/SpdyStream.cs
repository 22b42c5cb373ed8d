using System.Threading.Channels;

namespace Network.Kubelet.Streaming.Spdy;

/// <summary>One stream the client opened.</summary>
internal sealed class SpdyStream(SpdyConnection connection, int id, IReadOnlyDictionary<string, string> headers)
{
    private readonly Channel<ReadOnlyMemory<byte>> _input = Channel.CreateBounded<ReadOnlyMemory<byte>>(64);
    private int _ended;

    internal int Id { get; } = id;

    internal IReadOnlyDictionary<string, string> Headers { get; } = headers;

    /// <summary>What the client sends; completes at its half-close.</summary>
    internal ChannelReader<ReadOnlyMemory<byte>> Input => _input.Reader;

    internal ChannelWriter<ReadOnlyMemory<byte>> Received => _input.Writer;

    internal ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel) => connection.SendDataAsync(Id, data, 0, cancel);

    /// <summary>Half-closes our side; the second time is nothing.</summary>
    internal ValueTask EndAsync(CancellationToken cancel) => Interlocked.Exchange(ref _ended, 1) == 0
        ? connection.SendDataAsync(Id, ReadOnlyMemory<byte>.Empty, SpdyFrame.Fin, cancel)
        : ValueTask.CompletedTask;
}
