using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Network.Linux.Interop;

namespace Network.Linux;

/// <summary>Pseudo terminals handed over by a container runtime.</summary>
public static class Terminal
{
    public static unsafe void Resize(SafeFileHandle terminal, int columns, int rows)
    {
        var size = new LibC.WinSize { ws_col = (ushort)columns, ws_row = (ushort)rows };
        if (LibC.ioctl((int)terminal.DangerousGetHandle(), LibC.TIOCSWINSZ, &size) < 0)
            throw LinuxException.Last("ioctl TIOCSWINSZ");
    }

    /// <summary>Accepts one connection and takes the one descriptor sent over it (SCM_RIGHTS, unix(7)).</summary>
    public static async Task<SafeFileHandle> ReceiveAsync(Socket listener, CancellationToken cancel)
    {
        using var connection = await listener.AcceptAsync(cancel).ConfigureAwait(false);
        // A zero-byte read waits for readiness without consuming the message that carries the descriptor.
        await connection.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancel).ConfigureAwait(false);
        return Receive((int)connection.Handle);
    }

    private static unsafe SafeFileHandle Receive(int socket)
    {
        var name = stackalloc byte[4096];
        var control = stackalloc byte[64];
        var part = new LibC.IoVec { iov_base = name, iov_len = 4096 };
        var message = new LibC.MsgHdr { msg_iov = &part, msg_iovlen = 1, msg_control = control, msg_controllen = 64 };
        while (LibC.recvmsg(socket, &message, LibC.MSG_CMSG_CLOEXEC) < 0)
        {
            if ((Errno)Marshal.GetLastPInvokeError() is not (Errno.EINTR or Errno.EAGAIN))
                throw LinuxException.Last("recvmsg console socket");
        }

        // struct cmsghdr: length (8), level (4), type (4), then the descriptors.
        if (message.msg_controllen < 20 || *(int*)(control + 8) != LibC.SOL_SOCKET || *(int*)(control + 12) != LibC.SCM_RIGHTS)
            throw new InvalidDataException("console socket: the runtime sent no terminal descriptor");
        return new SafeFileHandle(*(int*)(control + 16), ownsHandle: true);
    }
}
