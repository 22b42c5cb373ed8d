using System.Net;

namespace Network.Overlay;

/// <summary>What a daemon knows of itself, at one moment.</summary>
public sealed record OverlayStatus
{
    public required string Node { get; init; }

    public required string Network { get; init; }

    public required string Backend { get; init; }

    public required LocalVtep? Local { get; init; }

    public required string Underlay { get; init; }

    public required int UnderlayMtu { get; init; }

    public required IReadOnlyList<TunnelStatus> Tunnels { get; init; }

    public required IReadOnlyList<PeerStatus> Peers { get; init; }

    /// <summary>Kernel objects that stand for the peers.</summary>
    public required int Objects { get; init; }

    public required long Repairs { get; init; }

    public required RepairRecord? LastRepair { get; init; }

    public required DateTimeOffset? LastAudit { get; init; }

    /// <summary>Why the last pass was not complete; null when it was.</summary>
    public required string? Failure { get; init; }

    public required ChecksumVerdict Checksum { get; init; }

    /// <summary>Why peers are not probed; null when they are, or should not be.</summary>
    public string? ProbeFault { get; init; }
}

/// <summary>One tunnel device.</summary>
public sealed record TunnelStatus(string Device, string Underlay, int Index, int Mtu, string Mac);

/// <summary>One peer.</summary>
/// <param name="Ways">vxlan, direct, ...; empty when none is programmed.</param>
/// <param name="Fault">Why it is left out or incomplete; null when all is well.</param>
public sealed record PeerStatus(string Node, IReadOnlyList<IPNetwork> PodCidrs, IReadOnlyList<IPAddress> Underlay, string Ways, string? Fault)
{
    /// <summary>It answers probes, so the next four mean something.</summary>
    public bool Probed { get; init; }

    /// <summary>Of the last answer; null while there was none.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>Share of the last probes without answer, 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Largest packet the way carries, 0 while unknown.</summary>
    public int PathMtu { get; init; }

    public DateTimeOffset? LastAnswer { get; init; }
}

/// <summary>One repair: what was changed and how long after the kernel's event the change was made.</summary>
public sealed record RepairRecord(DateTimeOffset When, string What, TimeSpan After);
