using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Network.Dns.Plugins;
using Network.Dns.Wire;

namespace Network.Dns.Transport;

/// <summary>DNS over TCP (RFC 7766): length-prefixed messages, many on one connection, idle connections closed.</summary>
internal sealed class TcpServer : IDisposable
{
    private const int MaxConnections = 512;
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(10);
    private readonly Chain _chain;
    private readonly Socket _listener;
    private int _connections;

    internal TcpServer(IPEndPoint address, Chain chain)
    {
        _chain = chain;
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(address);
        _listener.Listen(128);
    }

    internal async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                var connection = await _listener.AcceptAsync(cancel).ConfigureAwait(false);
                if (Interlocked.Increment(ref _connections) <= MaxConnections)
                {
                    _ = ServeAsync(connection, cancel);
                    continue;
                }

                Interlocked.Decrement(ref _connections);
                connection.Dispose();
            }
            catch (SocketException)
            {
                // The peer gave up before it was accepted.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync(Socket connection, CancellationToken cancel)
    {
        try
        {
            connection.NoDelay = true;
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            var client = ((IPEndPoint)connection.RemoteEndPoint!).Address;
            while (await ReadAsync(stream, cancel).ConfigureAwait(false) is { } packet)
            {
                if (await AnswerAsync(packet, client, cancel).ConfigureAwait(false) is not { } answer)
                    return;
                await stream.WriteAsync(answer, cancel).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The connection is over, by either side; nothing is owed.
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }

    private static async Task<byte[]?> ReadAsync(NetworkStream stream, CancellationToken cancel)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        idle.CancelAfter(s_idle);
        var prefix = new byte[2];
        if (await stream.ReadAtLeastAsync(prefix, 2, throwOnEndOfStream: false, idle.Token).ConfigureAwait(false) < 2)
            return null;
        var packet = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await stream.ReadExactlyAsync(packet, idle.Token).ConfigureAwait(false);
        return packet;
    }

    private async Task<ReadOnlyMemory<byte>?> AnswerAsync(byte[] packet, IPAddress client, CancellationToken cancel)
    {
        var message = new byte[2 + ushort.MaxValue];
        int length;
        if (DnsQuery.TryRead(packet, out var query, out var refusal))
        {
            var answer = await _chain.AnswerAsync(new DnsRequest(query!, client, OverTcp: true), cancel).ConfigureAwait(false);
            length = AnswerWriter.Write(query!, answer, message.AsSpan(2), ushort.MaxValue);
        }
        else if (refusal is { } code)
        {
            length = AnswerWriter.WriteRefusal(packet, code, message.AsSpan(2));
        }
        else
        {
            return null;
        }

        BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)length);
        return message.AsMemory(0, length + 2);
    }
}
