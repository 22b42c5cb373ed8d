using System.Net;
using System.Net.Sockets;
using Network.Linux;

namespace Network.Overlay;

/// <summary>UDP sockets in the node's namespace, with the options .NET has no names for (linux/in.h, linux/in6.h, asm-generic/socket.h).</summary>
internal static class ProbeSocket
{
    private const int SolSocket = 1, SoNoCheck = 11;
    private const int IpprotoIp = 0, IpMtuDiscover = 10, IpFreebind = 15;
    private const int IpprotoIpv6 = 41, Ipv6MtuDiscover = 23, Ipv6Freebind = 78;

    // Never fragment, and do not believe what was learned of the path: finding that out is the purpose.
    private const int PmtudiscProbe = 3;

    /// <summary>Bound to an address that may not be there yet.</summary>
    internal static Socket Open(string? netNs, IPEndPoint local, bool withChecksum)
    {
        var socket = netNs is null ? Create(local.AddressFamily) : NetNs.Run(netNs, () => Create(local.AddressFamily));
        try
        {
            var v4 = local.AddressFamily == AddressFamily.InterNetwork;
            Set(socket, v4 ? IpprotoIp : IpprotoIpv6, v4 ? IpFreebind : Ipv6Freebind, 1);
            Set(socket, v4 ? IpprotoIp : IpprotoIpv6, v4 ? IpMtuDiscover : Ipv6MtuDiscover, PmtudiscProbe);
            if (!withChecksum)
                Set(socket, SolSocket, SoNoCheck, 1);
            socket.Bind(local);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Socket Create(AddressFamily family) => new(family, SocketType.Dgram, ProtocolType.Udp);

    private static void Set(Socket socket, int level, int option, int value) => socket.SetRawSocketOption(level, option, BitConverter.GetBytes(value));
}
