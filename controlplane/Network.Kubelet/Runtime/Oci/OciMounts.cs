using System.Text.Json.Nodes;

namespace Network.Kubelet.Runtime.Oci;

/// <summary>The mounts of a container: the kernel file systems every program expects, then the pod's volumes, parents before children.</summary>
internal static class OciMounts
{
    internal static JsonArray For(ContainerSpec spec)
    {
        var own = spec.Mounts.Select(mount => mount.Target.TrimEnd('/')).ToHashSet();
        string access = spec.Security.Privileged ? "rw" : "ro";
        (string Target, string Type, string[] Options)[] standard =
        [
            ("/proc", "proc", ["nosuid", "noexec", "nodev"]),
            ("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            ("/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            ("/dev/shm", "tmpfs", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
            ("/dev/mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
            ("/sys", "sysfs", ["nosuid", "noexec", "nodev", access]),
            ("/sys/fs/cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", access]),
        ];
        var mounts = new JsonArray([.. standard.Where(mount => !own.Contains(mount.Target)).Select(mount => Standard(mount, spec))]);
        foreach (var mount in spec.Mounts.OrderBy(mount => mount.Target.Count(c => c == '/')))
            mounts.Add((JsonNode)Bind(mount));
        return mounts;
    }

    // An mqueue or IPC mount of the node itself is only possible by binding when its namespace is shared.
    private static JsonNode Standard((string Target, string Type, string[] Options) mount, ContainerSpec spec) =>
        spec.HostIpc && mount.Target is ("/dev/shm" or "/dev/mqueue") && Directory.Exists(mount.Target)
            ? Bind(new ContainerMount(mount.Target, mount.Target, false))
            : new JsonObject
            {
                ["destination"] = mount.Target,
                ["type"] = mount.Type,
                ["source"] = mount.Type,
                ["options"] = OciConfig.Strings(mount.Options),
            };

    private static JsonObject Bind(ContainerMount mount) => new()
    {
        ["destination"] = mount.Target,
        ["type"] = "bind",
        ["source"] = mount.Source,
        ["options"] = new JsonArray("rbind", mount.Propagation, mount.ReadOnly ? "ro" : "rw"),
    };
}
