using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using Network.Linux.Interop;

namespace Network.Linux;

/// <summary>
/// Named network namespaces, as <c>ip netns</c> keeps them (bind mounts below /run/netns), and running code inside one.
/// A namespace belongs to a thread, so code inside one always runs on a thread of its own and never crosses an await.
/// </summary>
public static class NetNs
{
    /// <summary>Where iproute2 keeps named namespaces (ip-netns(8)).</summary>
    public const string Directory = "/run/netns";

    /// <summary>The path of a named namespace; a value that already is a path is returned unchanged.</summary>
    public static string PathOf(string name) => name.Contains('/') ? name : $"{Directory}/{name}";

    /// <summary>Creates a namespace and binds it to its path; an existing one is an error (EEXIST). Brings no device up.</summary>
    public static void Create(string name)
    {
        var path = PathOf(name);
        PrepareDirectory(Path.GetDirectoryName(path)!);
        using (var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write }))
        {
        }

        try
        {
            OnOwnThread(() =>
            {
                if (LibC.unshare(LibC.CLONE_NEWNET) < 0)
                    throw LinuxException.Last($"unshare network namespace {name}");
                Mounts.Bind("/proc/thread-self/ns/net", path);
                return true;
            });
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Removes the name; the namespace itself lives on while a process or socket is inside. An absent name is not an error.</summary>
    public static void Delete(string name)
    {
        var path = PathOf(name);
        if (!File.Exists(path))
            return;
        Mounts.Unmount(path);
        File.Delete(path);
    }

    public static bool Exists(string name) => File.Exists(PathOf(name));

    /// <summary>Runs code inside the namespace on a throw-away thread and returns its result. The code must not await.</summary>
    public static T Run<T>(string name, Func<T> code)
    {
        using var target = FileDescriptor.Open(PathOf(name));
        return OnOwnThread(() =>
        {
            Enter(target, name);
            return code();
        });
    }

    /// <inheritdoc cref="Run{T}(string, Func{T})"/>
    public static void Run(string name, Action code) => Run(name, () =>
    {
        code();
        return true;
    });

    /// <summary>
    /// Runs code inside the namespace on the calling thread, which then goes back to its own; for programs that have one thread
    /// and end soon, where another one would cost more than the code. The code must not await.
    /// </summary>
    public static T Visit<T>(SafeFileHandle target, string name, Func<T> code)
    {
        using var home = FileDescriptor.Open("/proc/thread-self/ns/net");
        Enter(target, name);
        try
        {
            return code();
        }
        finally
        {
            // Everything after this would be done to somebody else's network.
            if (LibC.setns((int)home.DangerousGetHandle(), LibC.CLONE_NEWNET) < 0)
                Environment.FailFast($"the thread cannot leave the network namespace {name}");
        }
    }

    /// <summary>The inode number that identifies a namespace (as in <c>net:[4026531840]</c>).</summary>
    public static ulong Inode(string path)
    {
        var target = File.ResolveLinkTarget(path, returnFinalTarget: false)?.Name;
        if (target is not null && target.StartsWith("net:[", StringComparison.Ordinal))
            return ulong.Parse(target.AsSpan(5, target.Length - 6));
        return Run(path, () => Inode("/proc/thread-self/ns/net"));
    }

    private static void Enter(SafeFileHandle target, string name)
    {
        if (LibC.setns((int)target.DangerousGetHandle(), LibC.CLONE_NEWNET) < 0)
            throw LinuxException.Last($"setns {name}");
    }

    // The thread ends with the call, so no later work can find itself in a foreign namespace.
    private static T OnOwnThread<T>(Func<T> code)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = code();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        }, maxStackSize: 256 * 1024)
        { IsBackground = true, Name = "netns" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    // Namespaces must propagate to mount namespaces made later, so the directory is a shared mount of its own (as iproute2 does).
    private static void PrepareDirectory(string directory)
    {
        System.IO.Directory.CreateDirectory(directory);
        if (directory != Directory)
            return;
        try
        {
            Mounts.MakeShared(directory);
        }
        catch (LinuxException e) when (e.Errno == Errno.EINVAL)
        {
            Mounts.Bind(directory, directory, recursive: true);
            Mounts.MakeShared(directory);
        }
    }
}
