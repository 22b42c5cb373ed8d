using System.Globalization;

namespace Network.Kubelet.Runtime.Oci;

/// <summary>Linux capabilities by name, in the order of their numbers (linux/capability.h).</summary>
internal static class Capabilities
{
    private static readonly string[] s_names =
    [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
        "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE",
        "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
        "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ];

    // The set every container runtime grants by default (containerd oci.defaultUnixCaps).
    private static readonly string[] s_default =
    [
        "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP", "NET_BIND_SERVICE",
        "SYS_CHROOT", "KILL", "AUDIT_WRITE",
    ];

    private static readonly Lazy<HashSet<string>> s_ours = new(() => Bounding(File.ReadAllLines("/proc/self/status")));

    /// <summary>Whether this process may raise limits and lower OOM scores.</summary>
    internal static bool HasSysResource => s_ours.Value.Contains("SYS_RESOURCE");

    /// <summary>The container's set, never more than this process has: runc refuses to grant what it lacks.</summary>
    internal static IReadOnlyList<string> For(ContainerSecurity security) =>
        [.. Wanted(security).Intersect(s_ours.Value).Order(StringComparer.Ordinal).Select(name => "CAP_" + name)];

    internal static IReadOnlySet<string> Wanted(ContainerSecurity security)
    {
        if (security.Privileged)
            return s_names.ToHashSet();
        var added = security.AddedCapabilities.Select(Bare).ToHashSet();
        var dropped = security.DroppedCapabilities.Select(Bare).ToHashSet();
        var result = (added.Contains("ALL") ? s_names : dropped.Contains("ALL") ? [] : s_default).ToHashSet();
        result.UnionWith(added);
        result.ExceptWith(dropped);
        result.Remove("ALL");
        return result;
    }

    private static string Bare(string name)
    {
        var upper = name.ToUpperInvariant();
        return upper.StartsWith("CAP_", StringComparison.Ordinal) ? upper[4..] : upper;
    }

    private static HashSet<string> Bounding(string[] status)
    {
        var line = status.First(line => line.StartsWith("CapBnd:", StringComparison.Ordinal));
        var bits = ulong.Parse(line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return s_names.Where((_, number) => (bits >> number & 1) != 0).ToHashSet();
    }
}
