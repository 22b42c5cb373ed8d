using System.Text.Json.Nodes;

namespace Network.Kubelet.Runtime.Oci;

/// <summary>Writes the <c>config.json</c> of an OCI bundle (runtime-spec 1.0.2) for a container.</summary>
internal static class OciConfig
{
    private static readonly string[] s_masked =
    [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
    ];

    private static readonly string[] s_readOnly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    internal static JsonObject For(ContainerSpec spec, string rootfs) => new()
    {
        ["ociVersion"] = "1.0.2",
        ["hostname"] = spec.Hostname.Length > 0 ? spec.Hostname : null,
        ["root"] = new JsonObject { ["path"] = rootfs, ["readonly"] = spec.Security.ReadOnlyRoot },
        ["process"] = Process(spec),
        ["mounts"] = OciMounts.For(spec),
        ["linux"] = Linux(spec),
    };

    /// <summary>The process part alone, for <c>runc exec --process</c>.</summary>
    internal static JsonObject Process(ContainerSpec spec)
    {
        var capabilities = Strings(Capabilities.For(spec.Security));
        var process = new JsonObject
        {
            ["terminal"] = spec.Tty,
            ["user"] = new JsonObject
            {
                ["uid"] = spec.User.Uid,
                ["gid"] = spec.User.Gid,
                ["additionalGids"] = new JsonArray([.. spec.User.AdditionalGids.Select(gid => (JsonNode)gid)]),
            },
            ["args"] = Strings(spec.Arguments),
            ["env"] = Strings(spec.Environment),
            ["cwd"] = spec.WorkingDirectory,
            ["noNewPrivileges"] = spec.Security.NoNewPrivileges,
            ["capabilities"] = new JsonObject
            {
                ["bounding"] = capabilities,
                ["effective"] = capabilities.DeepClone(),
                ["permitted"] = capabilities.DeepClone(),
            },
        };
        if (OomScoreAdjust(spec.Resources.OomScoreAdjust) is { } adjust)
            process["oomScoreAdj"] = adjust;
        return process;
    }

    // Lowering the score needs CAP_SYS_RESOURCE (proc(5)); without it the kernel's refusal would keep the container from starting.
    private static int? OomScoreAdjust(int wanted)
    {
        var own = int.Parse(File.ReadAllText("/proc/self/oom_score_adj"));
        return wanted >= own || Capabilities.HasSysResource ? wanted : null;
    }

    private static JsonObject Linux(ContainerSpec spec)
    {
        var linux = new JsonObject
        {
            ["cgroupsPath"] = spec.CgroupPath,
            ["namespaces"] = Namespaces(spec),
            ["resources"] = Resources(spec),
        };
        if (spec.Sysctls.Count > 0)
            linux["sysctl"] = new JsonObject(spec.Sysctls.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        if (!spec.Security.Privileged)
        {
            linux["maskedPaths"] = Strings(s_masked);
            linux["readonlyPaths"] = Strings(s_readOnly);
        }

        return linux;
    }

    private static JsonArray Namespaces(ContainerSpec spec)
    {
        var namespaces = new JsonArray(Namespace("mount"), Namespace("uts"));
        if (!spec.HostPid)
            namespaces.Add(Namespace("pid"));
        if (!spec.HostIpc)
            namespaces.Add(Namespace("ipc"));
        if (spec.NetNs is { } path)
            namespaces.Add((JsonNode)new JsonObject { ["type"] = "network", ["path"] = path });
        return namespaces;
    }

    private static JsonNode Namespace(string type) => new JsonObject { ["type"] = type };

    private static JsonObject Resources(ContainerSpec spec)
    {
        var cpu = new JsonObject { ["shares"] = Math.Max(2, spec.Resources.CpuShares), ["period"] = ContainerResources.CpuPeriod };
        if (spec.Resources.CpuQuota > 0)
            cpu["quota"] = spec.Resources.CpuQuota;
        var resources = new JsonObject
        {
            ["cpu"] = cpu,
            ["devices"] = new JsonArray(new JsonObject { ["allow"] = spec.Security.Privileged, ["access"] = "rwm" }),
        };
        if (spec.Resources.MemoryLimit > 0)
            resources["memory"] = new JsonObject { ["limit"] = spec.Resources.MemoryLimit };
        return resources;
    }

    internal static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);
}
