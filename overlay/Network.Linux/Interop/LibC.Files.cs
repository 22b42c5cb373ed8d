using System.Runtime.InteropServices;

namespace Network.Linux.Interop;

/// <summary>Files, special files, ownership and raw descriptor input and output.</summary>
internal static unsafe partial class LibC
{
    internal const int F_SETPIPE_SZ = 1031, F_GETFL = 3, F_SETFL = 4;
    internal const ulong TIOCSWINSZ = 0x5414, SIOCGIFFLAGS = 0x8913, SIOCSIFFLAGS = 0x8914;
    internal const int AT_EMPTY_PATH = 0x1000;
    internal const uint STATX_MTIME = 0x40, STATX_SIZE = 0x200;
    internal const int SOL_SOCKET = 1, SCM_RIGHTS = 1, MSG_CMSG_CLOEXEC = 0x40000000;

    // int mknod(const char *pathname, mode_t mode, dev_t dev);
    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mknod(string pathname, uint mode, ulong dev);

    // int link(const char *oldpath, const char *newpath);
    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int link(string oldpath, string newpath);

    // int lchown(const char *pathname, uid_t owner, gid_t group);
    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int lchown(string pathname, uint owner, uint group);

    // int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags);
    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int lsetxattr(string path, string name, byte* value, nuint size, int flags);

    // int rename(const char *oldpath, const char *newpath);
    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rename(string oldpath, string newpath);

    // ssize_t read(int fd, void *buf, size_t count);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint read(int fd, byte* buf, nuint count);

    // ssize_t write(int fd, const void *buf, size_t count);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint write(int fd, byte* buf, nuint count);

    // int statx(int dirfd, const char *pathname, int flags, unsigned int mask, struct statx *statxbuf);
    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(int dirfd, string pathname, int flags, uint mask, Statx* statxbuf);

    // int fcntl(int fd, int op, ...);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int fcntl(int fd, int op, int arg);

    // int memfd_create(const char *name, unsigned int flags);
    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int memfd_create(string name, uint flags);

    // ssize_t recvmsg(int sockfd, struct msghdr *msg, int flags);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint recvmsg(int sockfd, MsgHdr* msg, int flags);

    // struct statx (linux/stat.h): only what is read here
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct Statx
    {
        [FieldOffset(40)]
        internal ulong stx_size;
        [FieldOffset(112)]
        internal long stx_mtime_tv_sec;
        [FieldOffset(120)]
        internal uint stx_mtime_tv_nsec;
    }

    // struct msghdr of 64-bit Linux (bits/socket.h)
    [StructLayout(LayoutKind.Sequential)]
    internal struct MsgHdr
    {
        internal void* msg_name;
        internal uint msg_namelen;
        internal IoVec* msg_iov;
        internal nuint msg_iovlen;
        internal void* msg_control;
        internal nuint msg_controllen;
        internal int msg_flags;
    }

    // struct iovec (bits/types/struct_iovec.h)
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVec
    {
        internal void* iov_base;
        internal nuint iov_len;
    }

    // struct winsize (asm-generic/termios.h)
    [StructLayout(LayoutKind.Sequential)]
    internal struct WinSize
    {
        internal ushort ws_row;
        internal ushort ws_col;
        internal ushort ws_xpixel;
        internal ushort ws_ypixel;
    }
}
