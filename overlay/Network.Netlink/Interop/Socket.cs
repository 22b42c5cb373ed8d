using System.Runtime.InteropServices;

namespace Network.Netlink.Interop;

/// <summary>socket(2) entry points, native names, C prototype above each.</summary>
internal static unsafe partial class Socket
{
    private const string Lib = "libc";

    // int socket(int domain, int type, int protocol);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    // int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int bind(int sockfd, sockaddr_nl* addr, uint addrlen);

    // int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int setsockopt(int sockfd, int level, int optname, void* optval, uint optlen);

    // ssize_t sendto(int sockfd, const void *buf, size_t len, int flags, const struct sockaddr *dest_addr, socklen_t addrlen);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint sendto(int sockfd, byte* buf, nuint len, int flags, sockaddr_nl* destAddr, uint addrlen);

    // ssize_t recvfrom(int sockfd, void *buf, size_t len, int flags, struct sockaddr *src_addr, socklen_t *addrlen);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint recvfrom(int sockfd, byte* buf, nuint len, int flags, sockaddr_nl* srcAddr, uint* addrlen);

    // int poll(struct pollfd *fds, nfds_t nfds, int timeout);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int poll(pollfd* fds, ulong nfds, int timeout);
}
