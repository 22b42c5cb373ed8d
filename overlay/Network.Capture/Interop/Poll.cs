using System.Runtime.InteropServices;

namespace Network.Capture.Interop;

/// <summary>poll(2) and eventfd(2).</summary>
internal static unsafe partial class LibC
{
    internal const short POLLIN = 0x001;
    internal const int EFD_CLOEXEC = 0x80000;
    internal const int EFD_NONBLOCK = 0x800;

    // int poll(struct pollfd *fds, nfds_t nfds, int timeout);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(pollfd* fds, nuint nfds, int timeout);

    // int eventfd(unsigned int initval, int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd(uint initval, int flags);

    // ssize_t write(int fd, const void *buf, size_t count);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int fd, void* buf, nuint count);

    // struct pollfd { int fd; short events; short revents; };
    internal struct pollfd
    {
        internal int fd;
        internal short events;
        internal short revents;
    }
}
