using System.Net;
using Network.Labs.Topology;

namespace Network.Labs.Cluster;

/// <summary>What <c>podnet up</c> was asked for.</summary>
public sealed record ClusterSettings(LabTopology Topology, string Binary)
{
    /// <summary>Port on this machine's loopback where the API server answers kubectl.</summary>
    public int ApiPort { get; init; } = 6443;

    /// <summary>Start every component as a process of its own instead of one process a node.</summary>
    public bool Split { get; init; }

    /// <summary>Directory with podnet-cni.</summary>
    public required string CniBinaries { get; init; }

    /// <summary>How agents write service rules (nftables or iptables); null leaves it to them.</summary>
    public string? ProxyMode { get; init; }

    /// <summary>Further arguments of single processes, by name: <c>w2/overlay</c>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Arguments { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Tenth address of the service range, by convention the DNS service.</summary>
    public IPAddress ClusterDns => ServiceAddress(10);

    public IPAddress KubernetesService => ServiceAddress(1);

    private IPAddress ServiceAddress(byte offset)
    {
        var bytes = Topology.ServiceCidr.BaseAddress.GetAddressBytes();
        bytes[3] += offset;
        return new IPAddress(bytes);
    }
}
