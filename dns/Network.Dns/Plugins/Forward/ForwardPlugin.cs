using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Forward;

/// <summary>
/// Asks upstream servers for everything that is not ours: by UDP with a fresh random id and source port, one server after
/// the other, and by TCP when the answer does not fit. Without upstreams foreign names are SERVFAIL at once.
/// </summary>
public sealed class ForwardPlugin(IReadOnlyList<IPEndPoint> upstreams, TimeSpan timeout) : IDnsPlugin
{
    public string Name => "forward";

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        foreach (var upstream in upstreams)
        {
            var query = Render(request.Query);
            var answer = await TryAsync(ct => AskByUdpAsync(upstream, query, ct), cancel).ConfigureAwait(false);
            if (answer is not null && (answer[2] & 2) != 0)
                answer = await TryAsync(ct => AskByTcpAsync(upstream, query, ct), cancel).ConfigureAwait(false) ?? answer;
            var records = new List<RawMessage.RecordAt>();
            if (answer is not null && RawMessage.TryWalk(answer, records))
                return new DnsAnswer((ResponseCode)(answer[3] & 0x0F)) { Raw = RawMessage.WithoutEdns(answer, records) };
        }

        return new DnsAnswer(ResponseCode.ServFail);
    }

    private static byte[] Render(DnsQuery query)
    {
        var message = new byte[DnsQuery.HeaderLength + query.Question.Length + 11];
        Random.Shared.NextBytes(message.AsSpan(0, 2));
        message[2] = 1;
        message[5] = 1;
        message[11] = 1;
        query.Question.Span.CopyTo(message.AsSpan(DnsQuery.HeaderLength));
        var opt = message.AsSpan(DnsQuery.HeaderLength + query.Question.Length);
        BinaryPrimitives.WriteUInt16BigEndian(opt[1..], (ushort)RecordType.OPT);
        BinaryPrimitives.WriteUInt16BigEndian(opt[3..], AnswerWriter.MaxUdpSize);
        return message;
    }

    private async Task<byte[]?> TryAsync(Func<CancellationToken, Task<byte[]>> ask, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        try
        {
            return await ask(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    private static async Task<byte[]> AskByUdpAsync(IPEndPoint upstream, byte[] query, CancellationToken cancel)
    {
        using var socket = new Socket(upstream.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(upstream, cancel).ConfigureAwait(false);
        await socket.SendAsync(query, cancel).ConfigureAwait(false);
        var buffer = new byte[4096];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
            if (Matches(query, buffer.AsSpan(0, length)))
                return buffer[..length];
        }
    }

    private static async Task<byte[]> AskByTcpAsync(IPEndPoint upstream, byte[] query, CancellationToken cancel)
    {
        using var socket = new Socket(upstream.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(upstream, cancel).ConfigureAwait(false);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync((byte[])[(byte)(query.Length >> 8), (byte)query.Length, .. query], cancel).ConfigureAwait(false);
        var prefix = new byte[2];
        await stream.ReadExactlyAsync(prefix, cancel).ConfigureAwait(false);
        var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await stream.ReadExactlyAsync(answer, cancel).ConfigureAwait(false);
        return Matches(query, answer) ? answer : throw new IOException("answer does not match the question");
    }

    // Same id, a response, and the very question that was asked: anything else may be forged.
    private static bool Matches(byte[] query, ReadOnlySpan<byte> answer)
    {
        var question = query.Length - 11;
        return answer.Length >= question && answer[0] == query[0] && answer[1] == query[1] && (answer[2] & 0x80) != 0
            && answer[DnsQuery.HeaderLength..question].SequenceEqual(query.AsSpan(DnsQuery.HeaderLength, question - DnsQuery.HeaderLength));
    }
}
