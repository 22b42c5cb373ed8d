using System.Net.Sockets;
using Network.Linux.Interop;

namespace Network.Linux;

/// <summary>A fresh network namespace has its loopback down; every container runtime brings it up (netdevice(7)).</summary>
public static class Loopback
{
    public static void Up(string netNs) => NetNs.Run(netNs, () =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        RaiseFlag((int)socket.Handle);
    });

    // struct ifreq: 16 bytes of name, then the flags; 40 bytes in all.
    private static unsafe void RaiseFlag(int socket)
    {
        const short up = 1;
        var request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        "lo"u8.CopyTo(new Span<byte>(request, 16));
        if (LibC.ioctl(socket, LibC.SIOCGIFFLAGS, request) < 0)
            throw LinuxException.Last("ioctl SIOCGIFFLAGS lo");
        *(short*)(request + 16) |= up;
        if (LibC.ioctl(socket, LibC.SIOCSIFFLAGS, request) < 0)
            throw LinuxException.Last("ioctl SIOCSIFFLAGS lo");
    }
}
