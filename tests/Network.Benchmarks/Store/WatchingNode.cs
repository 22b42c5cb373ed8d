using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Network.Benchmarks.Store;

/// <summary>
/// One connection with many watches on it, in as little HTTP/2 (RFC 9113) as that takes: a general client costs more
/// processor time an event than the server, and on the same machine would be what is measured.
/// </summary>
internal sealed class WatchingNode(SslStream stream, int watches, Action<int> arrived) : IDisposable
{
    private const byte Data = 0, Headers = 1, Settings = 4, WindowUpdate = 8;
    private const byte Ack = 1, EndStreamAndHeaders = 5;
    private const int FrameHeader = 9;
    private readonly byte[] _buffer = new byte[64 * 1024];

    internal static async Task<WatchingNode> ConnectAsync(int port, SslClientAuthenticationOptions tls, int watches, Action<int> arrived)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync("127.0.0.1", port);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(tls);
        return new WatchingNode(stream, watches, arrived);
    }

    /// <summary>Starts the watches and reports each event by the number of its watch, until the connection ends.</summary>
    internal async Task RunAsync(string path)
    {
        await stream.WriteAsync(Opening(path));
        var filled = 0;
        for (int read; (read = await stream.ReadAsync(_buffer.AsMemory(filled))) > 0;)
        {
            filled += read;
            var used = await FramesAsync(filled);
            _buffer.AsSpan(used, filled - used).CopyTo(_buffer);
            filled -= used;
        }
    }

    public void Dispose() => stream.Dispose();

    private async Task<int> FramesAsync(int filled)
    {
        var at = 0;
        while (filled - at >= FrameHeader)
        {
            var length = (_buffer[at] << 16) | (_buffer[at + 1] << 8) | _buffer[at + 2];
            if (filled - at < FrameHeader + length)
                break;
            var (type, flags) = (_buffer[at + 3], _buffer[at + 4]);
            // An event is a line; however it was cut into frames, its end is one.
            if (type == Data && length > 0 && _buffer[at + FrameHeader + length - 1] == (byte)'\n')
                arrived((BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(at + 5)) - 1) / 2);
            else if (type == Settings && flags != Ack)
                await stream.WriteAsync(Frame(Settings, Ack, 0, []));
            at += FrameHeader + length;
        }

        return at;
    }

    private byte[] Opening(string path)
    {
        var opening = new MemoryStream();
        opening.Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        // Initial window of a stream: as large as it gets, so that nothing has to be given back while it lasts.
        opening.Write(Frame(Settings, 0, 0, [0, 4, 0x7f, 0xff, 0xff, 0xff]));
        opening.Write(Frame(WindowUpdate, 0, 0, [0x7f, 0, 0, 0]));
        var headers = new MemoryStream();
        foreach (var (name, value) in new[] { (":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", path), ("accept", "application/json") })
        {
            headers.WriteByte(0);
            foreach (var text in new[] { name, value })
            {
                headers.WriteByte((byte)text.Length);
                headers.Write(Encoding.ASCII.GetBytes(text));
            }
        }

        for (var watch = 0; watch < watches; watch++)
            opening.Write(Frame(Headers, EndStreamAndHeaders, (2 * watch) + 1, headers.ToArray()));
        return opening.ToArray();
    }

    private static byte[] Frame(byte type, byte flags, int streamId, byte[] payload)
    {
        var frame = new byte[FrameHeader + payload.Length];
        (frame[1], frame[2], frame[3], frame[4]) = ((byte)(payload.Length >> 8), (byte)payload.Length, type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), streamId);
        payload.CopyTo(frame, FrameHeader);
        return frame;
    }
}
