using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;

namespace Network.Dns.Plugins.Forward;

/// <summary>
/// A TCP or TLS connection to an upstream that many questions share (RFC 7766 6.2.1): each has an id of its own on it, and
/// answers may come in any order.
/// </summary>
internal sealed class UpstreamConnection : IDisposable
{
    private readonly Stream _stream;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<ushort, TaskCompletionSource<byte[]>> _waiting = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _closed = new();
    private long _lastUse;

    private UpstreamConnection(Stream stream, TimeProvider time)
    {
        (_stream, _time, _lastUse) = (stream, time, time.GetTimestamp());
        _ = ReadAllAsync();
    }

    internal bool IsClosed => _closed.IsCancellationRequested;

    internal TimeSpan Idle => _waiting.IsEmpty ? _time.GetElapsedTime(Volatile.Read(ref _lastUse)) : TimeSpan.Zero;

    internal static async Task<UpstreamConnection> OpenAsync(Upstream upstream, TimeProvider time, CancellationToken cancel)
    {
        var socket = new Socket(upstream.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(upstream.Address, cancel).ConfigureAwait(false);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (upstream.TlsName is { } name)
            {
                var secure = new SslStream(stream);
                await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = name }, cancel).ConfigureAwait(false);
                stream = secure;
            }

            return new UpstreamConnection(stream, time);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a question; its id is replaced by one that is free on this connection.</summary>
    /// <exception cref="IOException">The connection ended.</exception>
    internal async Task<byte[]> AskAsync(byte[] query, CancellationToken cancel)
    {
        var answer = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        ushort id;
        do
        {
            id = (ushort)Random.Shared.Next(ushort.MaxValue + 1);
        }
        while (!_waiting.TryAdd(id, answer));
        try
        {
            var message = new byte[query.Length + 2];
            BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)query.Length);
            query.CopyTo(message, 2);
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), id);
            await _writing.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                await _stream.WriteAsync(message, cancel).ConfigureAwait(false);
            }
            finally
            {
                _writing.Release();
            }

            if (IsClosed)
                throw new IOException("the upstream closed the connection");
            var received = await answer.Task.WaitAsync(cancel).ConfigureAwait(false);
            query.AsSpan(0, 2).CopyTo(received);
            return received;
        }
        finally
        {
            _waiting.TryRemove(id, out _);
            Volatile.Write(ref _lastUse, _time.GetTimestamp());
        }
    }

    public void Dispose()
    {
        _closed.Cancel();
        _stream.Dispose();
        foreach (var waiting in _waiting.Values)
            waiting.TrySetException(new IOException("the upstream closed the connection"));
    }

    private async Task ReadAllAsync()
    {
        try
        {
            var prefix = new byte[2];
            while (true)
            {
                await _stream.ReadExactlyAsync(prefix, _closed.Token).ConfigureAwait(false);
                var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
                await _stream.ReadExactlyAsync(message, _closed.Token).ConfigureAwait(false);
                if (message.Length >= 2 && _waiting.TryRemove(BinaryPrimitives.ReadUInt16BigEndian(message), out var waiting))
                    waiting.TrySetResult(message);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            Dispose();
        }
    }
}
