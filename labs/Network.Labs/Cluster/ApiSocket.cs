using System.Net;
using System.Net.Sockets;

namespace Network.Labs.Cluster;

/// <summary>
/// The API server's door to this machine: a socket listening on the machine's own loopback that the server process
/// inherits (socket activation, sd_listen_fds(3)) although it runs in a namespace of its own.
/// </summary>
internal static class ApiSocket
{
    internal static Socket Listen(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(512);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new ClusterException($"127.0.0.1:{port}: {e.Message.ToLowerInvariant()}; end what listens there (ss -ltnp 'sport = {port}'), or choose another --api-port");
        }
    }
}
