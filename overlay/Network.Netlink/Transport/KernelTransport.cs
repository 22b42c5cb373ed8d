using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Network.Linux;
using Network.Netlink.Interop;

namespace Network.Netlink.Transport;

/// <summary>
/// A netlink socket. It belongs to the network namespace of the thread that opens it and stays there, whichever
/// thread uses it afterwards.
/// </summary>
internal sealed unsafe class KernelTransport : INetlinkTransport
{
    // What a socket takes in one datagram before it is asked for more; the system's default is 208 KiB.
    private const int DefaultSendBuffer = 128 * 1024;
    private const int Skipped = -1, Nothing = -2;
    private readonly SafeFileHandle _socket;
    private int _sendBuffer = DefaultSendBuffer;

    private KernelTransport(SafeFileHandle socket) => _socket = socket;

    internal int Descriptor => (int)_socket.DangerousGetHandle();

    internal static KernelTransport Open(int protocol)
    {
        var fd = Socket.socket(NetlinkH.AF_NETLINK, NetlinkH.SOCK_RAW | NetlinkH.SOCK_CLOEXEC, protocol);
        if (fd < 0)
            throw LinuxException.Last($"open netlink socket {protocol}");
        var transport = new KernelTransport(new SafeFileHandle(fd, ownsHandle: true));
        try
        {
            var address = new sockaddr_nl { nl_family = NetlinkH.AF_NETLINK };
            if (Socket.bind(fd, &address, (uint)sizeof(sockaddr_nl)) < 0)
                throw LinuxException.Last("bind netlink socket");
            // Old kernels lack these three; they only improve errors, acknowledgement size and dump filters.
            transport.TrySet(NetlinkH.SOL_NETLINK, NetlinkH.NETLINK_EXT_ACK, 1);
            transport.TrySet(NetlinkH.SOL_NETLINK, NetlinkH.NETLINK_CAP_ACK, 1);
            transport.TrySet(NetlinkH.SOL_NETLINK, NetlinkH.NETLINK_GET_STRICT_CHK, 1);
            return transport;
        }
        catch
        {
            transport.Dispose();
            throw;
        }
    }

    public void Send(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length > _sendBuffer)
            GrowSendBuffer(datagram.Length);
        var kernel = new sockaddr_nl { nl_family = NetlinkH.AF_NETLINK };
        fixed (byte* bytes = datagram)
        {
            while (Socket.sendto(Descriptor, bytes, (nuint)datagram.Length, 0, &kernel, (uint)sizeof(sockaddr_nl)) < 0)
            {
                if ((Errno)Marshal.GetLastPInvokeError() != Errno.EINTR)
                    throw LinuxException.Last($"send netlink datagram of {datagram.Length} bytes");
            }
        }
    }

    public int Receive(Span<byte> buffer)
    {
        while (true)
        {
            var length = Receive(buffer, NetlinkH.MSG_TRUNC);
            if (length >= 0)
                return length;
        }
    }

    public bool TryReceive(Span<byte> buffer, out int length)
    {
        do
            length = Receive(buffer, NetlinkH.MSG_TRUNC | NetlinkH.MSG_DONTWAIT);
        while (length == Skipped);
        return length != Nothing;
    }

    /// <summary>Blocks until a datagram or the other descriptor is ready.</summary>
    /// <returns>False when the other descriptor woke us.</returns>
    internal bool WaitReadable(int otherDescriptor)
    {
        var polled = stackalloc pollfd[2];
        polled[0] = new pollfd { fd = Descriptor, events = NetlinkH.POLLIN };
        polled[1] = new pollfd { fd = otherDescriptor, events = NetlinkH.POLLIN };
        while (Socket.poll(polled, 2, -1) < 0)
        {
            if ((Errno)Marshal.GetLastPInvokeError() != Errno.EINTR)
                throw LinuxException.Last("poll netlink socket");
        }

        return polled[1].revents == 0;
    }

    internal void Join(uint group)
    {
        var value = (int)group;
        if (Socket.setsockopt(Descriptor, NetlinkH.SOL_NETLINK, NetlinkH.NETLINK_ADD_MEMBERSHIP, &value, sizeof(int)) < 0)
            throw LinuxException.Last($"join netlink group {group}");
    }

    /// <summary>Beyond the system's limit where privileges allow, else up to it.</summary>
    internal void SetReceiveBuffer(int bytes)
    {
        if (!TrySet(NetlinkH.SOL_SOCKET, NetlinkH.SO_RCVBUFFORCE, bytes))
            TrySet(NetlinkH.SOL_SOCKET, NetlinkH.SO_RCVBUF, bytes);
    }

    public void Dispose() => _socket.Dispose();

    // The kernel wants a whole datagram to fit into the buffer, and takes the number times two.
    private void GrowSendBuffer(int bytes)
    {
        if (!TrySet(NetlinkH.SOL_SOCKET, NetlinkH.SO_SNDBUFFORCE, bytes))
            TrySet(NetlinkH.SOL_SOCKET, NetlinkH.SO_SNDBUF, bytes);
        _sendBuffer = bytes;
    }

    private bool TrySet(int level, int option, int value) =>
        Socket.setsockopt(Descriptor, level, option, &value, sizeof(int)) == 0;

    // Negative: nothing for us this time (interrupted, or a datagram that is not from the kernel), or nothing there.
    private int Receive(Span<byte> buffer, int flags)
    {
        var sender = default(sockaddr_nl);
        var senderLength = (uint)sizeof(sockaddr_nl);
        nint length;
        fixed (byte* bytes = buffer)
            length = Socket.recvfrom(Descriptor, bytes, (nuint)buffer.Length, flags, &sender, &senderLength);
        if (length < 0)
        {
            return (Errno)Marshal.GetLastPInvokeError() switch
            {
                Errno.EINTR => Skipped,
                Errno.EAGAIN => Nothing,
                _ => throw LinuxException.Last("receive netlink datagram"),
            };
        }

        if (length > buffer.Length)
            throw new LinuxException($"receive netlink datagram of {length} bytes into {buffer.Length}", Errno.ENOBUFS);
        return sender.nl_pid == 0 ? (int)length : Skipped;
    }
}
