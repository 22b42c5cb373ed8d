using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Network.Sample;

/// <summary>Answers datagrams: hostname, clientip, echo.</summary>
internal sealed class UdpServer
{
    private readonly Socket _socket;

    internal UdpServer(int port)
    {
        _socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true };
        _socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
    }

    internal int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    internal async Task RunAsync()
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            try
            {
                var received = await _socket.ReceiveFromAsync(buffer.AsMemory(), SocketFlags.None, new IPEndPoint(IPAddress.IPv6Any, 0));
                var client = (IPEndPoint)received.RemoteEndPoint;
                var answer = Answer(Encoding.UTF8.GetString(buffer, 0, received.ReceivedBytes).Trim(), client);
                await _socket.SendToAsync(Encoding.UTF8.GetBytes(answer), SocketFlags.None, client);
            }
            catch (SocketException)
            {
                // An answer that could not be delivered comes back as an error of the next receive.
            }
        }
    }

    private static string Answer(string request, IPEndPoint client) => request.ToLowerInvariant() switch
    {
        "hostname" => Environment.MachineName,
        "clientip" => Address.Of(client),
        var text when text.StartsWith("echo ", StringComparison.Ordinal) => request[5..],
        _ => $"unknown request: {request}",
    };
}
