using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Network.Dns.Hot;
using Network.Dns.Wire;
using static Network.Dns.Transport.Interop.MessageVector;

namespace Network.Dns.Transport;

/// <summary>
/// One UDP socket with a thread of its own; several may share an address (SO_REUSEPORT), one a core. Whatever waits in the
/// socket is taken by one call and answered by one call. A query that has to wait for an upstream does not hold up the others.
/// </summary>
internal sealed class UdpServer : IDisposable
{
    private const int MaxPending = 1000;

    /// <summary>Tens of milliseconds of questions at full speed.</summary>
    private const int BurstBytes = 4 << 20;

    private readonly DnsHandler _handler;
    private readonly HotCounters _counters;
    private readonly Socket _socket;
    private readonly bool _isV6;
    private readonly int _fd;
    private volatile bool _stopping;
    private int _pending;

    internal UdpServer(IPEndPoint address, DnsHandler handler)
    {
        (_handler, _counters) = (handler, new HotCounters("udp", $"dns://{address}"));
        _isV6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        _socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // SOL_SOCKET, SO_REUSEPORT
        _socket.SetRawSocketOption(1, 15, BitConverter.GetBytes(1));
        _socket.ReceiveBufferSize = 1 << 20;
        ReceiveBursts(_socket);
        _socket.SendBufferSize = 1 << 20;
        _socket.Bind(address);
        _fd = (int)_socket.Handle;
    }

    /// <summary>Serves until cancelled.</summary>
    internal Task RunAsync(CancellationToken cancel)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                Serve(cancel);
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }, maxStackSize: 256 * 1024) { IsBackground = true, Name = "dns-udp" };
        thread.Start();
        // A socket without a peer cannot be shut down, but the attempt wakes who waits on it (inet_shutdown in Linux).
        cancel.Register(() =>
        {
            _stopping = true;
            _ = shutdown(_fd, SHUT_RD);
        });
        return done.Task;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _counters.Dispose();
    }

    // Past what net.core.rmem_max allows everybody: SOL_SOCKET, SO_RCVBUFFORCE (socket(7)).
    private static void ReceiveBursts(Socket socket)
    {
        try
        {
            socket.SetRawSocketOption(1, 33, BitConverter.GetBytes(BurstBytes));
        }
        catch (SocketException)
        {
            // Without CAP_NET_ADMIN what everybody gets has to do.
        }
    }

    private void Serve(CancellationToken cancel)
    {
        using var batch = new UdpBatch();
        while (!_stopping)
        {
            // None: an ICMP error for an earlier answer, or a signal. The socket itself is fine.
            var received = batch.Receive(_fd);
            if (received > 0 && !_stopping)
                Answer(batch, received, cancel);
        }
    }

    private void Answer(UdpBatch batch, int received, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        var now = (uint)_handler.Time.GetUtcNow().ToUnixTimeSeconds();
        var steady = _handler.Time.Seconds();
        Span<byte> scratch = stackalloc byte[WireName.ScratchLength];
        for (var i = 0; i < received; i++)
        {
            var sender = batch.Sender(i);
            // Behind family and port: the address (ip(7)); in sockaddr_in6 the flow label stands between (ipv6(7)).
            var query = new HotQuery { Packet = batch.Packet(i), Scratch = scratch, Client = _isV6 ? sender.Slice(8, 16) : sender.Slice(4, 4), Now = now, Steady = steady, Output = batch.Output };
            var written = _handler.AnswerAtOnce(ref query, _counters, isStream: false);
            if (written > 0)
                batch.Answer(i, written);
            else if (written == HotPath.Slow)
                AnswerSlowly(batch.Packet(i), sender, cancel);
        }

        batch.Send(_fd);
        _counters.Took(Stopwatch.GetElapsedTime(started) / received, received);
    }

    // What waits takes copies: the batch's memory belongs to the loop.
    private void AnswerSlowly(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> name, CancellationToken cancel)
    {
        var client = new SocketAddress(_socket.AddressFamily, name.Length);
        name.CopyTo(client.Buffer.Span);
        if (Interlocked.Increment(ref _pending) > MaxPending)
        {
            Interlocked.Decrement(ref _pending);
            Span<byte> refusal = stackalloc byte[DnsQuery.HeaderLength];
            TrySend(refusal[..AnswerWriter.WriteRefusal(packet, ResponseCode.Refused, refusal)], client);
            return;
        }

        _ = AnswerLaterAsync(packet.ToArray(), client, cancel);
    }

    private async Task AnswerLaterAsync(byte[] packet, SocketAddress client, CancellationToken cancel)
    {
        await Task.Yield();
        try
        {
            var address = ((IPEndPoint)new IPEndPoint(IPAddress.Any, 0).Create(client)).Address;
            var started = Stopwatch.GetTimestamp();
            var answer = await _handler.AnswerAsync(packet, address, isStream: false, _counters, cancel).ConfigureAwait(false);
            if (answer.Length > 0)
                TrySend(answer.Span, client);
            _counters.Took(Stopwatch.GetElapsedTime(started), 1);
        }
        catch (OperationCanceledException)
        {
            // We are stopping; the asker will ask again.
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    private void TrySend(ReadOnlySpan<byte> answer, SocketAddress client)
    {
        try
        {
            _socket.SendTo(answer, SocketFlags.None, client);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The asker is gone or we are stopping; it will ask again.
        }
    }
}
