using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Network.Linux.Interop;

namespace Network.Linux;

/// <summary>Opening, locking and syncing descriptors the way the kernel interfaces of this project need it.</summary>
public static class FileDescriptor
{
    /// <summary>Opens a path close-on-exec.</summary>
    public static SafeFileHandle Open(string path, bool write = false, bool create = false, bool nonBlocking = false)
    {
        var flags = LibC.O_CLOEXEC | (write ? LibC.O_RDWR : LibC.O_RDONLY) | (create ? LibC.O_CREAT : 0) | (nonBlocking ? LibC.O_NONBLOCK : 0);
        var fd = LibC.open(path, flags, 0x180 /* 0600 */);
        return fd < 0 ? throw LinuxException.Last($"open {path}") : new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Takes an exclusive advisory lock; returns false when <paramref name="wait"/> is off and someone else holds it.</summary>
    public static bool TryLock(SafeFileHandle file, bool wait)
    {
        while (LibC.flock((int)file.DangerousGetHandle(), LibC.LOCK_EX | (wait ? 0 : LibC.LOCK_NB)) < 0)
        {
            var errno = (Errno)Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
                return false;
            if (errno != Errno.EINTR)
                throw new LinuxException("flock", errno);
        }

        return true;
    }

    /// <summary>Makes a file's or directory's content durable.</summary>
    public static void Sync(string path)
    {
        using var file = Open(path);
        if (LibC.fsync((int)file.DangerousGetHandle()) < 0)
            throw LinuxException.Last($"fsync {path}");
    }

    /// <summary>Everything there is to read from an inherited descriptor, a pipe or a file, from where its offset stands.</summary>
    public static unsafe byte[] ReadToEnd(int descriptor)
    {
        var buffer = new byte[4096];
        for (var length = 0; ;)
        {
            if (length == buffer.Length)
                Array.Resize(ref buffer, 2 * length);
            nint got;
            fixed (byte* to = buffer)
                got = LibC.read(descriptor, to + length, (nuint)(buffer.Length - length));
            if (got == 0)
                return buffer[..length];
            if (got > 0)
                length += (int)got;
            else if ((Errno)Marshal.GetLastPInvokeError() != Errno.EINTR)
                throw LinuxException.Last($"read descriptor {descriptor}");
        }
    }

    /// <summary>Writes all of it to an inherited descriptor, where the offset that it shares with its other users stands.</summary>
    public static unsafe void WriteAll(int descriptor, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint written;
            fixed (byte* from = bytes)
                written = LibC.write(descriptor, from, (nuint)bytes.Length);
            if (written >= 0)
                bytes = bytes[(int)written..];
            else if ((Errno)Marshal.GetLastPInvokeError() != Errno.EINTR)
                throw LinuxException.Last($"write descriptor {descriptor}");
        }
    }

    /// <summary>How long a file is, and when its content last changed, in nanoseconds since 1970.</summary>
    public static unsafe (long Length, long Changed) State(SafeFileHandle file)
    {
        LibC.Statx state;
        return LibC.statx((int)file.DangerousGetHandle(), "", LibC.AT_EMPTY_PATH, LibC.STATX_MTIME | LibC.STATX_SIZE, &state) < 0
            ? throw LinuxException.Last("statx")
            : ((long)state.stx_size, (state.stx_mtime_tv_sec * 1_000_000_000) + state.stx_mtime_tv_nsec);
    }

    /// <summary>Creates a named pipe (mode 0600); an existing one is kept.</summary>
    public static void MakeFifo(string path)
    {
        if (LibC.mkfifo(path, 0x180) < 0 && (Errno)Marshal.GetLastPInvokeError() != Errno.EEXIST)
            throw LinuxException.Last($"mkfifo {path}");
    }

    /// <summary>An anonymous file in memory (memfd_create(2)): input or output of a child without a thread that pumps a pipe.</summary>
    public static SafeFileHandle Memory(string name)
    {
        const uint closeOnExec = 1;
        var fd = LibC.memfd_create(name, closeOnExec);
        return fd < 0 ? throw LinuxException.Last("memfd_create") : new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Waits until there is something to read, or the time is over, or a signal came (poll(2)).</summary>
    public static unsafe void WaitReadable(SafeFileHandle handle, TimeSpan atMost)
    {
        const short readable = 1;
        var poll = new LibC.PollFd { fd = (int)handle.DangerousGetHandle(), events = readable };
        if (LibC.poll(&poll, 1, (int)Math.Ceiling(atMost.TotalMilliseconds)) < 0 && (Errno)Marshal.GetLastPInvokeError() != Errno.EINTR)
            throw LinuxException.Last("poll");
    }

    /// <summary>A second descriptor of the same open file, close-on-exec.</summary>
    public static SafeFileHandle Duplicate(SafeFileHandle handle)
    {
        const int duplicateCloseOnExec = 1030;
        var fd = LibC.fcntl((int)handle.DangerousGetHandle(), duplicateCloseOnExec, 0);
        return fd < 0 ? throw LinuxException.Last("fcntl F_DUPFD_CLOEXEC") : new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Enlarges a pipe's buffer (fcntl(2) F_SETPIPE_SZ); a limit of the system is not an error.</summary>
    public static void TrySetPipeSize(SafeFileHandle pipe, int bytes) => LibC.fcntl((int)pipe.DangerousGetHandle(), LibC.F_SETPIPE_SZ, bytes);

    /// <summary>A close-on-exec pipe: (read end, write end).</summary>
    public static unsafe (SafeFileHandle Read, SafeFileHandle Write) Pipe()
    {
        var ends = stackalloc int[2];
        if (LibC.pipe2(ends, LibC.O_CLOEXEC) < 0)
            throw LinuxException.Last("pipe2");
        return (new SafeFileHandle(ends[0], true), new SafeFileHandle(ends[1], true));
    }
}
