using System.Net;
using System.Net.Sockets;
using Network.Dns.Plugins;
using Network.Dns.Wire;

namespace Network.Dns.Transport;

/// <summary>
/// One UDP socket with its receive loop. Several may share an address (SO_REUSEPORT), one a core. An answer that is ready
/// at once is sent from the loop; one that has to wait for an upstream does not hold up the others.
/// </summary>
internal sealed class UdpServer : IDisposable
{
    private const int MaxPending = 1000;
    private readonly Chain _chain;
    private readonly Socket _socket;
    private int _pending;

    internal UdpServer(IPEndPoint address, Chain chain)
    {
        _chain = chain;
        _socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // SOL_SOCKET, SO_REUSEPORT
        _socket.SetRawSocketOption(1, 15, BitConverter.GetBytes(1));
        _socket.ReceiveBufferSize = 1 << 20;
        _socket.Bind(address);
    }

    internal async Task RunAsync(CancellationToken cancel)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(4096, pinned: true);
        var client = new SocketAddress(_socket.AddressFamily);
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                var length = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, client, cancel).ConfigureAwait(false);
                Handle(buffer.AsMemory(0, length), client, cancel);
            }
            catch (SocketException)
            {
                // An ICMP error for an earlier answer; the socket itself is fine.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Handle(ReadOnlyMemory<byte> packet, SocketAddress client, CancellationToken cancel)
    {
        if (!DnsQuery.TryRead(packet, out var query, out var refusal))
        {
            if (refusal is { } code)
            {
                Span<byte> answer = stackalloc byte[DnsQuery.HeaderLength];
                _socket.SendTo(answer[..AnswerWriter.WriteRefusal(packet.Span, code, answer)], SocketFlags.None, client);
            }

            return;
        }

        var address = ((IPEndPoint)new IPEndPoint(IPAddress.Any, 0).Create(client)).Address;
        var answering = _chain.AnswerAsync(new DnsRequest(query!, address, OverTcp: false), cancel);
        if (answering.IsCompletedSuccessfully)
        {
            Send(query!, answering.Result, client);
            return;
        }

        if (Interlocked.Increment(ref _pending) > MaxPending)
        {
            Interlocked.Decrement(ref _pending);
            Send(query!, new DnsAnswer(ResponseCode.Refused), client);
            return;
        }

        // The buffer and the address object belong to the loop; what waits takes copies.
        var kept = query! with { Question = query.Question.ToArray() };
        _ = AnswerLaterAsync(kept, answering.AsTask(), Copy(client));
    }

    private async Task AnswerLaterAsync(DnsQuery query, Task<DnsAnswer> answering, SocketAddress client)
    {
        try
        {
            Send(query, await answering.ConfigureAwait(false), client);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The asker is gone or we are stopping; it will ask again.
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    private void Send(DnsQuery query, DnsAnswer answer, SocketAddress client)
    {
        var limit = Math.Min(query.UdpSize, AnswerWriter.MaxUdpSize);
        Span<byte> message = stackalloc byte[AnswerWriter.MaxUdpSize];
        _socket.SendTo(message[..AnswerWriter.Write(query, answer, message, limit)], SocketFlags.None, client);
    }

    private static SocketAddress Copy(SocketAddress address)
    {
        var copy = new SocketAddress(address.Family, address.Size);
        address.Buffer.Span[..address.Size].CopyTo(copy.Buffer.Span);
        return copy;
    }
}
