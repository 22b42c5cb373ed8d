using System.Net;
using System.Net.Sockets;

namespace Network.Host.Dns.FallBack;

/// <summary>
/// Asks the node's own server a question, and knocks when it has answered. The question is of class CH, which is nobody's but the
/// server's own: no upstream and no name of the cluster has to do with it, and it takes the long way through all plugins.
/// </summary>
internal sealed class Heartbeat(IPAddress server) : IDisposable
{
    private const int HeaderLength = 12, Response = 0x80;
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);
    private static readonly byte[] s_knock = [0];
    private static readonly byte[] s_question = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, .. "version"u8, 4, .. "bind"u8, 0, 0, 16, 0, 3];
    private Socket? _knocks;

    private IPAddress Loopback => server.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;

    /// <summary>Any answer is one. Every question has a socket of its own, so that each of the server's sockets has its turn.</summary>
    internal async Task<bool> AskAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_patience);
        try
        {
            using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            // By this source the rules know the question, which must not be answered by another node.
            socket.Bind(new IPEndPoint(Loopback, 0));
            await socket.ConnectAsync(new IPEndPoint(server, 53), limit.Token).ConfigureAwait(false);
            var question = s_question.ToArray();
            Random.Shared.NextBytes(question.AsSpan(0, 2));
            await socket.SendAsync(question, limit.Token).ConfigureAwait(false);
            var answer = new byte[512];
            while (true)
            {
                var length = await socket.ReceiveAsync(answer, limit.Token).ConfigureAwait(false);
                if (length >= HeaderLength && answer.AsSpan(0, 2).SequenceEqual(question.AsSpan(0, 2)) && (answer[2] & Response) != 0)
                    return true;
            }
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <summary>Says that the server is alive.</summary>
    /// <returns>False when the one before did not end at a rule: there is none.</returns>
    internal bool Knock()
    {
        if (TrySend())
            return true;
        // What the former one met is told now, instead of sending; a socket that failed is not used again.
        _knocks?.Dispose();
        _knocks = null;
        TrySend();
        return false;
    }

    public void Dispose() => _knocks?.Dispose();

    private bool TrySend()
    {
        try
        {
            if (_knocks is null)
            {
                _knocks = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                _knocks.Connect(new IPEndPoint(server, FallBackRules.KnockPort));
            }

            _knocks.Send(s_knock);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
