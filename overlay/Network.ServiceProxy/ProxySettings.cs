using System.Net;

namespace Network.ServiceProxy;

/// <summary>The kernel interface the rules are written to.</summary>
public enum ProxyMode
{
    Nftables,
    Iptables,
}

/// <summary>What a service proxy is told about its node.</summary>
public sealed record ProxySettings(string NodeName)
{
    /// <summary>Sources within are pods and keep their address; null masquerades nothing by source.</summary>
    public IPNetwork? ClusterCidr { get; init; }

    /// <summary>How the rules are written; null takes nftables where the kernel can.</summary>
    public ProxyMode? Mode { get; init; }

    /// <summary>Everything sent to a service address is masqueraded, whoever sends it.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>Addresses node ports are answered at; empty for the node's own (nftables) or every local one (iptables).</summary>
    public IReadOnlyList<IPNetwork> NodePortAddresses { get; init; } = [];

    /// <summary>The node's own addresses; empty for all that are not loopback.</summary>
    public IReadOnlyList<IPAddress> NodeAddresses { get; init; } = [];

    /// <summary>Node ports at 127.0.0.1 too, in iptables mode.</summary>
    public bool LocalhostNodePorts { get; init; }

    /// <summary>Ranges of service addresses: what is in one and belongs to no service is dropped (nftables).</summary>
    public IReadOnlyList<IPNetwork> ServiceCidrs { get; init; } = [];

    /// <summary>Packets that conntrack calls invalid are let through (nf_conntrack_tcp_be_liberal is set).</summary>
    public bool TcpBeLiberal { get; init; }

    /// <summary>Namespace to program; null for the process's own.</summary>
    public string? NetNs { get; init; }

    /// <summary>How often the rules are checked although no event asked for it.</summary>
    public TimeSpan AuditInterval { get; init; } = TimeSpan.FromSeconds(5);
}
