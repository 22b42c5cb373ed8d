using System.Runtime.InteropServices;

namespace Network.Dns.Transport.Interop;

/// <summary>struct iovec, struct msghdr and struct mmsghdr of 64-bit Linux (socket.h), and the calls that take them.</summary>
internal static unsafe partial class MessageVector
{
    internal const int MSG_DONTWAIT = 0x40, MSG_WAITFORONE = 0x10000, SHUT_RD = 0;

    // int recvmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags, struct timespec *timeout);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int recvmmsg(int fd, Message* messages, uint count, int flags, void* timeout);

    // int sendmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sendmmsg(int fd, Message* messages, uint count, int flags);

    // int shutdown(int sockfd, int how);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int shutdown(int fd, int how);

    [StructLayout(LayoutKind.Sequential)]
    internal struct Segment
    {
        internal void* Base;
        internal nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Message
    {
        internal void* Name;
        internal uint NameLength;
        internal Segment* Segments;
        internal nuint SegmentCount;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
        private readonly int _headerPadding;

        /// <summary>Bytes of the message received or sent.</summary>
        internal uint Length;
        private readonly uint _padding;
    }
}
