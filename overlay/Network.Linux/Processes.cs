using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Network.Linux.Interop;

namespace Network.Linux;

/// <summary>Processes by pid: signals, pid descriptors, and how a process that is not our child ended.</summary>
public static class Processes
{
    public const int SIGHUP = 1, SIGINT = 2, SIGKILL = 9, SIGTERM = 15;

    private const long SysPidfdOpen = 434;

    // _IOWR(PIDFS_IOCTL_MAGIC 0xFF, 11, struct pidfd_info of 64 bytes), linux/pidfd.h, kernel 6.13; exit part 6.15.
    private const ulong PidfdGetInfo = 0xC040FF0B;
    private const ulong PidfdInfoExit = 1 << 3;

    /// <summary>Sends a signal; a process that is already gone is not an error.</summary>
    /// <returns>False when there is no such process.</returns>
    public static bool Kill(int pid, int signal)
    {
        if (LibC.kill(pid, signal) == 0)
            return true;
        var errno = (Errno)Marshal.GetLastPInvokeError();
        return errno == Errno.ESRCH ? false : throw new LinuxException($"kill {pid}", errno);
    }

    /// <summary>A descriptor that stays bound to this process even when the pid is reused (pidfd_open(2)).</summary>
    public static SafeFileHandle OpenPidFd(int pid)
    {
        var fd = LibC.syscall(SysPidfdOpen, pid, 0);
        return fd < 0 ? throw LinuxException.Last($"pidfd_open {pid}") : new SafeFileHandle((nint)fd, ownsHandle: true);
    }

    /// <summary>Orphaned descendants become children of this process (prctl(2)), so their exit codes can be read.</summary>
    public static void BecomeSubreaper()
    {
        if (LibC.prctl(LibC.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
            throw LinuxException.Last("prctl PR_SET_CHILD_SUBREAPER");
    }

    /// <summary>
    /// How an ended process ended: reaps it when it is our child, else asks the pid descriptor (kernel 6.15).
    /// Null when neither can tell.
    /// </summary>
    public static unsafe ExitStatus? ExitOf(int pid, SafeFileHandle pidFd)
    {
        var info = stackalloc byte[128];
        new Span<byte>(info, 128).Clear();
        if (LibC.waitid(LibC.P_PIDFD, (uint)pidFd.DangerousGetHandle(), info, LibC.WEXITED | LibC.WNOHANG) == 0
            && BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(info, 4)) != 0)
            return Decode(info);
        return ExitByDescriptor(pidFd) ?? ExitOfZombie(pid);
    }

    /// <summary>siginfo_t of waitid: si_code at 8 (CLD_EXITED is 1), si_status at 24.</summary>
    internal static unsafe ExitStatus Decode(byte* siginfo)
    {
        var code = *(int*)(siginfo + 8);
        var status = *(int*)(siginfo + 24);
        return code == 1 ? new ExitStatus(status, 0) : new ExitStatus(0, status & 0x7f);
    }

    private static unsafe ExitStatus? ExitByDescriptor(SafeFileHandle pidFd)
    {
        var info = stackalloc byte[64];
        new Span<byte>(info, 64).Clear();
        *(ulong*)info = PidfdInfoExit;
        if (LibC.ioctl((int)pidFd.DangerousGetHandle(), PidfdGetInfo, info) < 0 || (*(ulong*)info & PidfdInfoExit) == 0)
            return null;
        return FromWaitStatus(*(int*)(info + 60));
    }

    // Field 52 of /proc/pid/stat is the wait status of a zombie whose parent has not collected it yet (proc(5)).
    private static ExitStatus? ExitOfZombie(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? FromWaitStatus(int.Parse(fields[49])) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static ExitStatus FromWaitStatus(int status) => new((status >> 8) & 0xff, status & 0x7f);
}
