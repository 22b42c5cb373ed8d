using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Network.Dns.Hot;

namespace Network.Dns.Transport;

/// <summary>
/// DNS over TCP (RFC 7766) and TLS (RFC 7858): length-prefixed messages, many on one connection, answered as they become
/// ready. A connection that says nothing costs no buffer; when there are too many, the one that was silent longest goes.
/// </summary>
internal sealed class StreamServer : IDisposable
{
    private readonly DnsHandler _handler;
    private readonly HotCounters _counters;
    private readonly Socket _listener;
    private readonly SslServerAuthenticationOptions? _tls;
    private readonly StreamConnections _connections;

    internal StreamServer(IPEndPoint address, DnsHandler handler, StreamLimits limits, SslServerAuthenticationOptions? tls = null)
    {
        (_handler, _tls, _connections) = (handler, tls, new StreamConnections(limits.MostConnections));
        Idle = limits.Idle;
        _counters = new HotCounters(tls is null ? "tcp" : "tls", $"{(tls is null ? "dns" : "tls")}://{address}");
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(address);
        _listener.Listen(1024);
    }

    private TimeSpan Idle { get; }

    internal async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptAsync(cancel).ConfigureAwait(false), cancel);
            }
            catch (SocketException)
            {
                // The peer gave up before it was accepted, or descriptors are short: others close meanwhile.
                await Task.Yield();
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _counters.Dispose();
    }

    private async Task ServeAsync(Socket socket, CancellationToken cancel)
    {
        await Task.Yield();
        using var connection = _connections.Open(socket);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            socket.NoDelay = true;
            var client = ((IPEndPoint)socket.RemoteEndPoint!).Address;
            await using var stream = await SecureAsync(new NetworkStream(socket, ownsSocket: true), cancel).ConfigureAwait(false);
            using var writing = new SemaphoreSlim(1, 1);
            using var session = new StreamSession(_handler, _counters, stream, client, writing);
            while (await WaitAsync(stream, connection, stop.Token).ConfigureAwait(false)
                && await session.ReadAsync(Idle, stop.Token).ConfigureAwait(false))
                _connections.Touch(connection);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or AuthenticationException)
        {
            // The connection is over, by either side; nothing is owed.
        }
    }

    // A read of nothing: no buffer is held while the other side is silent.
    private async ValueTask<bool> WaitAsync(Stream stream, StreamConnections.Entry connection, CancellationToken cancel)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        idle.CancelAfter(Idle);
        _ = await stream.ReadAsync(Memory<byte>.Empty, idle.Token).ConfigureAwait(false);
        return !connection.IsClosed;
    }

    private async ValueTask<Stream> SecureAsync(NetworkStream stream, CancellationToken cancel)
    {
        if (_tls is null)
            return stream;
        var secure = new SslStream(stream);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Idle);
        await secure.AuthenticateAsServerAsync(_tls, limit.Token).ConfigureAwait(false);
        return secure;
    }
}

/// <summary>What connections may take.</summary>
/// <param name="Idle">How long a connection may say nothing (RFC 7766 6.2.3).</param>
internal readonly record struct StreamLimits(TimeSpan Idle, int MostConnections);

/// <summary>One connection's messages, in and out.</summary>
internal sealed class StreamSession(DnsHandler handler, HotCounters counters, Stream stream, IPAddress client, SemaphoreSlim writing) : IDisposable
{
    private const int MostPending = 64;
    private readonly SemaphoreSlim _pending = new(MostPending, MostPending);
    private byte[]? _input;
    private int _filled;

    public void Dispose() => Release();

    /// <summary>Takes what is there and answers every whole message in it.</summary>
    /// <returns>False at the end of the stream, and after a message nothing is owed to.</returns>
    internal async ValueTask<bool> ReadAsync(TimeSpan idle, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(idle);
        _input ??= ArrayPool<byte>.Shared.Rent(4096);
        do
        {
            var read = await stream.ReadAsync(_input.AsMemory(_filled), limit.Token).ConfigureAwait(false);
            if (read == 0)
                return false;
            _filled += read;
            if (!await AnswerAllAsync(cancel).ConfigureAwait(false))
                return false;
            // Half a message: the rest is on its way, and a sender that dawdles is cut off by the limit.
        }
        while (_filled > 0);
        Release();
        return true;
    }

    private async ValueTask<bool> AnswerAllAsync(CancellationToken cancel)
    {
        var at = 0;
        while (_filled - at >= 2)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(_input.AsSpan(at));
            if (_filled - at - 2 < length)
            {
                Grow(at, length + 2);
                return true;
            }

            if (!await AnswerAsync(_input.AsMemory(at + 2, length), cancel).ConfigureAwait(false))
                return false;
            at += 2 + length;
        }

        _input.AsSpan(at, _filled - at).CopyTo(_input);
        _filled -= at;
        return true;
    }

    private void Grow(int at, int needed)
    {
        var larger = needed > _input!.Length ? ArrayPool<byte>.Shared.Rent(needed) : _input;
        _input.AsSpan(at, _filled - at).CopyTo(larger);
        _filled -= at;
        if (larger == _input)
            return;
        ArrayPool<byte>.Shared.Return(_input);
        _input = larger;
    }

    private async ValueTask<bool> AnswerAsync(ReadOnlyMemory<byte> packet, CancellationToken cancel)
    {
        var output = ArrayPool<byte>.Shared.Rent(2 + ushort.MaxValue);
        try
        {
            var started = Stopwatch.GetTimestamp();
            var written = handler.AnswerStreamAtOnce(packet.Span, client, output.AsSpan(2, ushort.MaxValue), counters);
            if (written == HotPath.Silence)
                return false;
            if (written == HotPath.Slow)
            {
                await _pending.WaitAsync(cancel).ConfigureAwait(false);
                _ = AnswerLaterAsync(packet.ToArray(), cancel);
                return true;
            }

            BinaryPrimitives.WriteUInt16BigEndian(output, (ushort)written);
            await WriteAsync(output.AsMemory(0, written + 2), cancel).ConfigureAwait(false);
            counters.Took(Stopwatch.GetElapsedTime(started), 1);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(output);
        }
    }

    private async Task AnswerLaterAsync(byte[] packet, CancellationToken cancel)
    {
        try
        {
            var started = Stopwatch.GetTimestamp();
            foreach (var answer in await handler.AnswerAllAsync(packet, client, counters, cancel).ConfigureAwait(false))
            {
                var message = new byte[2 + answer.Length];
                BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)answer.Length);
                answer.CopyTo(message.AsMemory(2));
                await WriteAsync(message, cancel).ConfigureAwait(false);
            }

            counters.Took(Stopwatch.GetElapsedTime(started), 1);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The connection is over; nothing is owed.
        }
        finally
        {
            _pending.Release();
        }
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> message, CancellationToken cancel)
    {
        await writing.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            await stream.WriteAsync(message, cancel).ConfigureAwait(false);
        }
        finally
        {
            writing.Release();
        }
    }

    private void Release()
    {
        if (_input is { } buffer)
            ArrayPool<byte>.Shared.Return(buffer);
        _input = null;
    }
}
