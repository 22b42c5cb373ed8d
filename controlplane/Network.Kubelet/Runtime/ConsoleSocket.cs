using System.Net.Sockets;

namespace Network.Kubelet.Runtime;

/// <summary>The socket over which an OCI runtime hands out a terminal.</summary>
internal static class ConsoleSocket
{
    // sun_path holds 108 bytes and data directories may be deep, so the socket lives in /run.
    internal static Socket Listen(string key, out string path)
    {
        Directory.CreateDirectory("/run/podnet");
        path = $"/run/podnet/tty-{Path.GetFileName(key)}-{Guid.NewGuid().ToString("N")[..8]}";
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(1);
        return socket;
    }
}
