using System.Net;
using System.Net.Sockets;
using System.Text;
using Network.TestKit;

namespace Network.Kernel.Tests.ServiceProxy;

/// <summary>A pod that answers everything on TCP and UDP port 8080 with its own address and the address it sees.</summary>
internal sealed class ServerPod : IDisposable
{
    internal const int Port = 8080;
    private readonly Socket _tcp;
    private readonly Socket _udp;

    internal ServerPod(ScratchNetNs ns, IPAddress address)
    {
        Ns = ns;
        Address = address;
        _tcp = Bound(SocketType.Stream, ProtocolType.Tcp);
        _tcp.Listen(64);
        _udp = Bound(SocketType.Dgram, ProtocolType.Udp);
        _ = AcceptAsync();
        _ = AnswerAsync();
    }

    internal ScratchNetNs Ns { get; }

    internal IPAddress Address { get; }

    public void Dispose()
    {
        _tcp.Dispose();
        _udp.Dispose();
        Ns.Dispose();
    }

    // A socket stays in the namespace it was made in, whatever thread uses it later.
    private Socket Bound(SocketType type, ProtocolType protocol) => Ns.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
        socket.Bind(new IPEndPoint(IPAddress.Any, Port));
        return socket;
    });

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _tcp.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        using (connection)
        {
            try
            {
                var buffer = new byte[64];
                while (await connection.ReceiveAsync(buffer) > 0)
                    await connection.SendAsync(Reply(connection.RemoteEndPoint!));
            }
            catch (SocketException)
            {
            }
        }
    }

    private async Task AnswerAsync()
    {
        var buffer = new byte[64];
        try
        {
            while (true)
            {
                var received = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                await _udp.SendToAsync(Reply(received.RemoteEndPoint), received.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private byte[] Reply(EndPoint client) => Encoding.ASCII.GetBytes($"{Address} {((IPEndPoint)client).Address}");
}
