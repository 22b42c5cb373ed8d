using System.Runtime.InteropServices;

namespace Network.Linux.Interop;

/// <summary>libc entry points, native names, C prototype above each. Constants are those of x86-64 and arm64 Linux.</summary>
internal static unsafe partial class LibC
{
    private const string Lib = "libc";

    internal const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0x40, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;
    internal const int CLONE_NEWNS = 0x00020000, CLONE_NEWNET = 0x40000000;
    internal const ulong MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_REMOUNT = 32, MS_BIND = 4096, MS_REC = 16384,
        MS_PRIVATE = 1 << 18, MS_SLAVE = 1 << 19, MS_SHARED = 1 << 20;
    internal const int MNT_DETACH = 2;
    internal const int PR_SET_CHILD_SUBREAPER = 36;
    internal const int P_PID = 1, P_PIDFD = 3, WEXITED = 4, WNOHANG = 1;
    internal const int LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;
    internal const short POSIX_SPAWN_SETSID = 0x80, POSIX_SPAWN_SETSIGMASK = 0x08, POSIX_SPAWN_SETSIGDEF = 0x04;

    internal const int MADV_DONTNEED = 4;

    // int madvise(void *addr, size_t length, int advice);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int madvise(nint addr, nuint length, int advice);

    // int close(int fd);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int close(int fd);

    // int open(const char *pathname, int flags, mode_t mode);
    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string pathname, int flags, uint mode);

    // int fsync(int fd);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int fsync(int fd);

    // int flock(int fd, int operation);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    // int mkfifo(const char *pathname, mode_t mode);
    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mkfifo(string pathname, uint mode);

    // int setns(int fd, int nstype);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int setns(int fd, int nstype);

    // int unshare(int flags);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int unshare(int flags);

    // int mount(const char *source, const char *target, const char *fstype, unsigned long flags, const void *data);
    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mount(string? source, string target, string? fstype, ulong flags, string? data);

    // int umount2(const char *target, int flags);
    [LibraryImport(Lib, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int umount2(string target, int flags);

    // int prctl(int option, unsigned long arg2, ...);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int prctl(int option, ulong arg2, ulong arg3, ulong arg4, ulong arg5);

    // int kill(pid_t pid, int sig);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int kill(int pid, int sig);

    // int pidfd_open(pid_t pid, unsigned int flags);  (no wrapper before glibc 2.36)
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial long syscall(long number, long arg1, long arg2);

    // int waitid(idtype_t idtype, id_t id, siginfo_t *infop, int options);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int waitid(int idtype, uint id, byte* infop, int options);

    // int poll(struct pollfd *fds, nfds_t nfds, int timeout);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int poll(PollFd* fds, ulong nfds, int timeout);

    // int pipe2(int pipefd[2], int flags);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int pipe2(int* pipefd, int flags);

    // int ioctl(int fd, unsigned long request, void *argp);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int ioctl(int fd, ulong request, void* argp);

    // int dup(int fd);
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial int dup(int oldfd);

    // int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr, char *const argv[], char *const envp[]);
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawnp(int* pid, string path, byte* fileActions, byte* attr, byte** argv, byte** envp);

    [LibraryImport(Lib)]
    internal static partial int posix_spawn_file_actions_init(byte* fileActions);

    [LibraryImport(Lib)]
    internal static partial int posix_spawn_file_actions_destroy(byte* fileActions);

    [LibraryImport(Lib)]
    internal static partial int posix_spawn_file_actions_adddup2(byte* fileActions, int fd, int newfd);

    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn_file_actions_addopen(byte* fileActions, int fd, string path, int oflag, uint mode);

    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn_file_actions_addchdir_np(byte* fileActions, string path);

    [LibraryImport(Lib)]
    internal static partial int posix_spawnattr_init(byte* attr);

    [LibraryImport(Lib)]
    internal static partial int posix_spawnattr_destroy(byte* attr);

    [LibraryImport(Lib)]
    internal static partial int posix_spawnattr_setflags(byte* attr, short flags);

    [LibraryImport(Lib)]
    internal static partial int posix_spawnattr_setsigmask(byte* attr, byte* sigset);

    [LibraryImport(Lib)]
    internal static partial int posix_spawnattr_setsigdefault(byte* attr, byte* sigset);

    // int sigemptyset(sigset_t *set); int sigfillset(sigset_t *set);
    [LibraryImport(Lib)]
    internal static partial int sigemptyset(byte* set);

    [LibraryImport(Lib)]
    internal static partial int sigfillset(byte* set);

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollFd
    {
        internal int fd;
        internal short events;
        internal short revents;
    }
}
