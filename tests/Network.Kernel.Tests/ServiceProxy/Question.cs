using System.Net;
using System.Net.Sockets;
using System.Text;
using Network.TestKit;

namespace Network.Kernel.Tests.ServiceProxy;

/// <summary>Who answered, and as whom it saw the client.</summary>
internal sealed record Reply(string Server, string SeenClient);

/// <summary>A connection from inside a namespace to a <see cref="ServerPod"/>.</summary>
internal sealed class Question : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private readonly Socket _socket;

    private Question(Socket socket) => _socket = socket;

    /// <summary>Connects, asks once and hangs up.</summary>
    internal static Reply Ask(ScratchNetNs from, string address, int port, ProtocolType protocol = ProtocolType.Tcp)
    {
        using var question = Open(from, address, port, protocol);
        return question.Again();
    }

    /// <summary>The error of a question that must fail: ConnectionRefused or TimedOut.</summary>
    internal static SocketError Fail(ScratchNetNs from, string address, int port, ProtocolType protocol = ProtocolType.Tcp)
    {
        try
        {
            return Ask(from, address, port, protocol) is { Server: var server } ? throw new InvalidOperationException($"{server} answered") : default;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    internal static Question Open(ScratchNetNs from, string address, int port, ProtocolType protocol = ProtocolType.Tcp)
    {
        var socket = from.Run(() => new Socket(AddressFamily.InterNetwork, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol));
        using var limit = new CancellationTokenSource(s_patience);
        try
        {
            socket.ConnectAsync(IPAddress.Parse(address), port, limit.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            throw new SocketException((int)SocketError.TimedOut);
        }

        return new Question(socket);
    }

    internal Reply Again()
    {
        _socket.ReceiveTimeout = (int)s_patience.TotalMilliseconds;
        _socket.Send("?"u8);
        var buffer = new byte[64];
        var words = Encoding.ASCII.GetString(buffer, 0, _socket.Receive(buffer)).Split(' ');
        return new Reply(words[0], words[1]);
    }

    public void Dispose() => _socket.Dispose();
}
