using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Network.Dns.Wire;
using Network.Linux;

namespace Network.Dns.Client;

/// <summary>One question with its answer.</summary>
/// <param name="Code">Null when nobody answered in time.</param>
/// <param name="Source">What the server says about where the answer comes from; null when it is another make of server.</param>
public sealed record Resolution(string Name, RecordType Type, ResponseCode? Code, IReadOnlyList<string> Records, string? Source, TimeSpan Took);

/// <summary>Asks a server from inside a network namespace, and asks it to tell where the answer comes from.</summary>
public static class ResolverClient
{
    /// <param name="netNs">Namespace (name or path) to ask from; null for this process's own.</param>
    public static async Task<Resolution> AskAsync(IPEndPoint server, string name, RecordType type, string? netNs, TimeSpan timeout, CancellationToken cancel)
    {
        var query = Query(name, type);
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(timeout);
            var answer = await AskByUdpAsync(server, query, netNs, limit.Token).ConfigureAwait(false);
            if ((answer[2] & 2) != 0)
                answer = await AskByTcpAsync(server, query, netNs, limit.Token).ConfigureAwait(false);
            return Read(name, type, answer, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return new Resolution(name, type, null, [], e is SocketException ? e.Message : null, Stopwatch.GetElapsedTime(started));
        }
    }

    private static byte[] Query(string name, RecordType type)
    {
        byte[] opt = [0, 0, (byte)RecordType.OPT, AnswerWriter.MaxUdpSize >> 8, AnswerWriter.MaxUdpSize & 0xFF, 0, 0, 0, 0, 0, 4,
            EdnsOptions.Source >> 8, EdnsOptions.Source & 0xFF, 0, 0];
        byte[] query = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, .. DnsName.Encode(name), 0, (byte)type, 0, 1, .. opt];
        Random.Shared.NextBytes(query.AsSpan(0, 2));
        return query;
    }

    private static Socket Open(IPEndPoint server, SocketType type, string? netNs)
    {
        Socket Make() => new(server.AddressFamily, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp);
        return netNs is null ? Make() : NetNs.Run(netNs, Make);
    }

    private static async Task<byte[]> AskByUdpAsync(IPEndPoint server, byte[] query, string? netNs, CancellationToken cancel)
    {
        using var socket = Open(server, SocketType.Dgram, netNs);
        await socket.ConnectAsync(server, cancel).ConfigureAwait(false);
        await socket.SendAsync(query, cancel).ConfigureAwait(false);
        var buffer = new byte[4096];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
            if (length >= DnsQuery.HeaderLength && buffer.AsSpan(0, 2).SequenceEqual(query.AsSpan(0, 2)))
                return buffer[..length];
        }
    }

    private static async Task<byte[]> AskByTcpAsync(IPEndPoint server, byte[] query, string? netNs, CancellationToken cancel)
    {
        using var socket = Open(server, SocketType.Stream, netNs);
        await socket.ConnectAsync(server, cancel).ConfigureAwait(false);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync((byte[])[(byte)(query.Length >> 8), (byte)query.Length, .. query], cancel).ConfigureAwait(false);
        var prefix = new byte[2];
        await stream.ReadExactlyAsync(prefix, cancel).ConfigureAwait(false);
        var answer = new byte[Math.Max((int)BinaryPrimitives.ReadUInt16BigEndian(prefix), DnsQuery.HeaderLength)];
        await stream.ReadExactlyAsync(answer, cancel).ConfigureAwait(false);
        return answer;
    }

    private static Resolution Read(string name, RecordType type, byte[] answer, TimeSpan took)
    {
        var records = new List<RawMessage.RecordAt>();
        if (!RawMessage.TryWalk(answer, records))
            return new Resolution(name, type, ResponseCode.FormErr, [], "the answer is malformed", took);
        var opt = records.FirstOrDefault(record => record.Type == RecordType.OPT);
        return new Resolution(name, type, (ResponseCode)(answer[3] & 0x0F), records.Where(record => record.Section == 1).Select(record => Text(answer, record)).ToList(),
            opt == default ? null : SourceIn(answer.AsSpan(opt.Offset + 10, opt.End - opt.Offset - 10)), took);
    }

    private static string Text(byte[] message, RawMessage.RecordAt record)
    {
        var data = message.AsSpan(record.Offset + 10, record.End - record.Offset - 10);
        return record.Type switch
        {
            RecordType.A when data.Length == 4 => new IPAddress(data).ToString(),
            RecordType.AAAA when data.Length == 16 => new IPAddress(data).ToString(),
            RecordType.CNAME or RecordType.PTR or RecordType.NS => $"{record.Type} {NameAt(message, record.Offset + 10)}",
            RecordType.SRV when data.Length > 6 => $"SRV {BinaryPrimitives.ReadUInt16BigEndian(data)} {BinaryPrimitives.ReadUInt16BigEndian(data[2..])} "
                + $"{BinaryPrimitives.ReadUInt16BigEndian(data[4..])} {NameAt(message, record.Offset + 16)}",
            RecordType.TXT when data.Length > 0 => $"\"{Encoding.UTF8.GetString(data[1..])}\"",
            _ => $"{record.Type} of {data.Length} bytes",
        };
    }

    // At most as many steps as a message can have: pointers may run in a circle.
    private static string NameAt(byte[] message, int offset)
    {
        var name = new StringBuilder();
        for (var steps = 0; steps < 255 && offset < message.Length && message[offset] != 0; steps++)
        {
            int length = message[offset];
            if ((length & 0xC0) == 0xC0)
            {
                if (offset + 1 >= message.Length)
                    break;
                offset = ((length & 0x3F) << 8) | message[offset + 1];
                continue;
            }

            if (offset + 1 + length > message.Length)
                break;
            name.Append(Encoding.UTF8.GetString(message, offset + 1, length)).Append('.');
            offset += length + 1;
        }

        return name.Length == 0 ? "." : name.ToString();
    }

    private static string? SourceIn(ReadOnlySpan<byte> options)
    {
        while (options.Length >= 4)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(options[2..]);
            if (4 + length > options.Length)
                return null;
            if (BinaryPrimitives.ReadUInt16BigEndian(options) == EdnsOptions.Source)
                return Encoding.UTF8.GetString(options.Slice(4, length));
            options = options[(4 + length)..];
        }

        return null;
    }
}
