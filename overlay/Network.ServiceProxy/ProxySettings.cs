using System.Net;

namespace Network.ServiceProxy;

/// <summary>What a service proxy is told about its node.</summary>
public sealed record ProxySettings(string NodeName)
{
    /// <summary>Sources within are pods and keep their address; null masquerades nothing by source.</summary>
    public IPNetwork? ClusterCidr { get; init; }

    /// <summary>Namespace to program; null for the process's own.</summary>
    public string? NetNs { get; init; }

    /// <summary>How often the rules are checked although no event asked for it.</summary>
    public TimeSpan AuditInterval { get; init; } = TimeSpan.FromSeconds(5);
}
