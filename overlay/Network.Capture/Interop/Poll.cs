using System.Runtime.InteropServices;

namespace Network.Capture.Interop;

/// <summary>poll(2), eventfd(2) and packet(7).</summary>
internal static unsafe partial class LibC
{
    internal const short POLLIN = 0x001;
    internal const short POLLERR = 0x008;
    internal const short POLLHUP = 0x010;
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

    // int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockname(int sockfd, sockaddr_ll* addr, uint* addrlen);

    // struct sockaddr_ll { unsigned short sll_family; __be16 sll_protocol; int sll_ifindex; unsigned short sll_hatype;
    //                      unsigned char sll_pkttype; unsigned char sll_halen; unsigned char sll_addr[8]; };
    internal struct sockaddr_ll
    {
        internal ushort sll_family;
        internal ushort sll_protocol;
        internal int sll_ifindex;
        internal ushort sll_hatype;
        internal byte sll_pkttype;
        internal byte sll_halen;
        internal ulong sll_addr;
    }

    // struct pollfd { int fd; short events; short revents; };
    internal struct pollfd
    {
        internal int fd;
        internal short events;
        internal short revents;
    }
}
