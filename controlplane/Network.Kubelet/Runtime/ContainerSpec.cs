using Network.Kubelet.Images;

namespace Network.Kubelet.Runtime;

/// <summary>Which container of which pod, and the how-many-eth life of it.</summary>
public sealed record ContainerIdentity(string PodNamespace, string PodName, string PodUid, string Name, int Attempt);

/// <summary>A numeric user; names were resolved against the image's /etc/passwd before.</summary>
internal sealed record ProcessUser(int Uid, int Gid, IReadOnlyList<int> AdditionalGids);

/// <summary>A bind mount from the node into the container.</summary>
internal sealed record ContainerMount(string Source, string Target, bool ReadOnly, string Propagation = "rprivate");

/// <summary>Limits of one container; null or 0 means none.</summary>
internal sealed record ContainerResources(long CpuShares, long CpuQuota, long MemoryLimit, int OomScoreAdjust)
{
    internal const int CpuPeriod = 100_000;
}

/// <summary>What the container may do beyond (or below) the default.</summary>
internal sealed record ContainerSecurity
{
    internal bool Privileged { get; init; }
    internal bool ReadOnlyRoot { get; init; }
    internal bool NoNewPrivileges { get; init; }
    internal IReadOnlyList<string> AddedCapabilities { get; init; } = [];
    internal IReadOnlyList<string> DroppedCapabilities { get; init; } = [];
}

/// <summary>Everything the runtime needs to start one container; no Kubernetes types beyond the identity.</summary>
internal sealed record ContainerSpec(ContainerIdentity Identity, Image Image, string ImageName)
{
    internal required IReadOnlyList<string> Arguments { get; init; }
    internal required IReadOnlyList<string> Environment { get; init; }
    internal string WorkingDirectory { get; init; } = "/";
    internal ProcessUser User { get; init; } = new(0, 0, []);
    internal string Hostname { get; init; } = "";
    /// <summary>Path of the network namespace; null shares the node's.</summary>
    internal string? NetNs { get; init; }
    internal bool HostPid { get; init; }
    internal bool HostIpc { get; init; }
    internal IReadOnlyList<ContainerMount> Mounts { get; init; } = [];
    internal ContainerResources Resources { get; init; } = new(2, 0, 0, 0);
    internal ContainerSecurity Security { get; init; } = new();
    internal IReadOnlyDictionary<string, string> Sysctls { get; init; } = new Dictionary<string, string>();
    internal required string CgroupPath { get; init; }
    internal required string LogPath { get; init; }
    internal bool Tty { get; init; }
    internal bool Stdin { get; init; }
    internal bool StdinOnce { get; init; }
    internal string StopSignal { get; init; } = "";
    internal string? TerminationLog { get; init; }
    internal string SpecHash { get; init; } = "";
}
