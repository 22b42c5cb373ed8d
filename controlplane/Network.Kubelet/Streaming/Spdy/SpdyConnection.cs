using System.Buffers.Binary;
using System.Threading.Channels;

namespace Network.Kubelet.Streaming.Spdy;

/// <summary>
/// The server side of a SPDY/3.1 connection as kubectl speaks it: the client opens streams and waits for each reply; flow control and priorities
/// are ignored by both sides.
/// </summary>
internal sealed class SpdyConnection(Stream transport) : IDisposable
{
    private const int LargestFrame = 1 << 20, LargestData = 32 * 1024;
    private readonly Dictionary<int, SpdyStream> _streams = [];
    private readonly Channel<SpdyStream> _opened = Channel.CreateUnbounded<SpdyStream>();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly SpdyHeaderReader _headerReader = new();
    private readonly SpdyHeaderWriter _headerWriter = new();

    /// <summary>Streams in the order the client opened them; completes when the connection ends.</summary>
    internal ChannelReader<SpdyStream> Opened => _opened.Reader;

    /// <summary>Reads frames until the connection ends. Damage ends it too: there is nobody to tell.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        var header = new byte[SpdyFrame.HeaderSize];
        try
        {
            while (await transport.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancel).ConfigureAwait(false) == header.Length)
            {
                if (!SpdyFrame.TryRead(header, out var frame) || frame.Length > LargestFrame)
                    return;
                var body = new byte[frame.Length];
                await transport.ReadExactlyAsync(body, cancel).ConfigureAwait(false);
                if (!await HandleAsync(frame, body, cancel).ConfigureAwait(false))
                    return;
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OperationCanceledException or ObjectDisposedException)
        {
            // The peer is gone or speaks nonsense: the streams end with the connection.
        }
        finally
        {
            _opened.Writer.TryComplete();
            foreach (var stream in _streams.Values)
                stream.Received.TryComplete();
        }
    }

    internal async ValueTask SendDataAsync(int id, ReadOnlyMemory<byte> data, byte flags, CancellationToken cancel)
    {
        do
        {
            var part = data[..Math.Min(LargestData, data.Length)];
            data = data[part.Length..];
            await SendAsync(new SpdyFrame(SpdyFrameType.Data, id, data.IsEmpty ? flags : (byte)0, part.Length), part, cancel).ConfigureAwait(false);
        }
        while (!data.IsEmpty);
    }

    public void Dispose()
    {
        _headerReader.Dispose();
        _sending.Dispose();
    }

    private async ValueTask<bool> HandleAsync(SpdyFrame frame, byte[] body, CancellationToken cancel)
    {
        switch (frame.Type)
        {
            case SpdyFrameType.Data:
                await DataAsync(frame, body, cancel).ConfigureAwait(false);
                return true;
            case SpdyFrameType.SynStream when body.Length >= 10:
                await OpenAsync(frame, body, cancel).ConfigureAwait(false);
                return true;
            case SpdyFrameType.RstStream when body.Length >= 4:
                if (_streams.Remove(BinaryPrimitives.ReadInt32BigEndian(body), out var reset))
                    reset.Received.TryComplete();
                return true;
            case SpdyFrameType.Ping:
                await SendAsync(new SpdyFrame(SpdyFrameType.Ping, 0, 0, body.Length), body, cancel).ConfigureAwait(false);
                return true;
            case SpdyFrameType.GoAway:
                return false;
            default:
                return true;
        }
    }

    private async ValueTask OpenAsync(SpdyFrame frame, byte[] body, CancellationToken cancel)
    {
        // Stream id, associated id, priority and slot come before the headers.
        var id = BinaryPrimitives.ReadInt32BigEndian(body) & int.MaxValue;
        var stream = new SpdyStream(this, id, _headerReader.Read(body.AsSpan(10)));
        _streams[id] = stream;
        if (frame.IsLast)
            stream.Received.TryComplete();
        var headers = _headerWriter.Write([]);
        var reply = new byte[4 + headers.Length];
        BinaryPrimitives.WriteInt32BigEndian(reply, id);
        headers.CopyTo(reply, 4);
        await SendAsync(new SpdyFrame(SpdyFrameType.SynReply, 0, 0, reply.Length), reply, cancel).ConfigureAwait(false);
        _opened.Writer.TryWrite(stream);
    }

    private async ValueTask DataAsync(SpdyFrame frame, byte[] body, CancellationToken cancel)
    {
        if (!_streams.TryGetValue(frame.StreamId, out var stream))
            return;
        if (body.Length > 0)
        {
            try
            {
                await stream.Received.WriteAsync(body, cancel).ConfigureAwait(false);
            }
            catch (ChannelClosedException)
            {
                return;
            }
        }

        if (frame.IsLast)
            stream.Received.TryComplete();
    }

    private async ValueTask SendAsync(SpdyFrame frame, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        var bytes = new byte[SpdyFrame.HeaderSize + body.Length];
        frame.Write(bytes);
        body.CopyTo(bytes.AsMemory(SpdyFrame.HeaderSize));
        await _sending.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            await transport.WriteAsync(bytes, cancel).ConfigureAwait(false);
            await transport.FlushAsync(cancel).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }
}
