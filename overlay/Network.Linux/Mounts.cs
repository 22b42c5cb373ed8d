using System.Runtime.InteropServices;
using Network.Linux.Interop;

namespace Network.Linux;

/// <summary>mount(2) by purpose. Every method names the target in its error.</summary>
public static class Mounts
{
    public static void Bind(string source, string target, bool recursive = false, bool readOnly = false)
    {
        Mount(source, target, null, LibC.MS_BIND | (recursive ? LibC.MS_REC : 0), null);
        if (readOnly)
            Mount(null, target, null, LibC.MS_BIND | LibC.MS_REMOUNT | LibC.MS_RDONLY, null);
    }

    /// <summary>A tmpfs; <paramref name="sizeBytes"/> 0 means the kernel's default (half of memory).</summary>
    public static void Tmpfs(string target, long sizeBytes = 0, string mode = "0755") =>
        Mount("tmpfs", target, "tmpfs", LibC.MS_NOSUID | LibC.MS_NODEV, sizeBytes > 0 ? $"size={sizeBytes},mode={mode}" : $"mode={mode}");

    /// <summary>overlayfs; the first lower directory is the top-most layer. Without an upper directory the mount is read-only.</summary>
    public static void Overlay(string target, IReadOnlyList<string> lower, string? upper, string? work)
    {
        var options = $"lowerdir={string.Join(':', lower)}";
        if (upper is not null)
            options += $",upperdir={upper},workdir={work}";
        Mount("overlay", target, "overlay", 0, options);
    }

    public static void Sysfs(string target) =>
        Mount("sysfs", target, "sysfs", LibC.MS_NOSUID | LibC.MS_NODEV | LibC.MS_NOEXEC, null);

    public static void MakePrivate(string target, bool recursive = true) =>
        Mount(null, target, null, LibC.MS_PRIVATE | (recursive ? LibC.MS_REC : 0), null);

    public static void MakeShared(string target) => Mount(null, target, null, LibC.MS_SHARED | LibC.MS_REC, null);

    /// <summary>Detaches a mount; an absent mount or target is not an error. Stacked mounts are all taken off.</summary>
    public static void Unmount(string target)
    {
        while (LibC.umount2(target, LibC.MNT_DETACH) == 0)
        {
        }

        var errno = (Errno)Marshal.GetLastPInvokeError();
        if (errno is not (Errno.EINVAL or Errno.ENOENT))
            throw new LinuxException($"umount {target}", errno);
    }

    /// <summary>Mount points below (or at) a path, deepest first, read from this process's mount table.</summary>
    public static IReadOnlyList<string> Below(string path)
    {
        var prefix = path.TrimEnd('/');
        return File.ReadLines("/proc/self/mountinfo")
            .Select(line => Unescape(line.Split(' ')[4]))
            .Where(point => point == prefix || point.StartsWith(prefix + "/", StringComparison.Ordinal))
            .OrderByDescending(point => point.Length)
            .ToList();
    }

    // mountinfo writes space, tab, newline and backslash as three octal digits (proc(5)).
    private static string Unescape(string text) => text.Contains('\\')
        ? text.Replace("\\040", " ").Replace("\\011", "\t").Replace("\\012", "\n").Replace("\\134", "\\")
        : text;

    private static void Mount(string? source, string target, string? type, ulong flags, string? data)
    {
        if (LibC.mount(source, target, type, flags, data) < 0)
            throw LinuxException.Last($"mount {type ?? source} on {target}");
    }
}
