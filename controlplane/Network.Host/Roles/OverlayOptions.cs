using System.Net;
using Network.Overlay;

namespace Network.Host.Roles;

/// <summary>How pods of different nodes reach each other, where that differs from the defaults.</summary>
public sealed record OverlayOptions
{
    public OverlayBackend Backend { get; init; }

    /// <summary>Plain route to a peer while it is on-link, tunnel otherwise.</summary>
    public bool DirectRouting { get; init; }

    public int Vni { get; init; } = 1;

    /// <summary>UDP port of the tunnel; 0 for the backend's usual one.</summary>
    public int Port { get; init; }

    /// <summary>Device that carries the tunnel; null to choose by the node's address or default route.</summary>
    public string? Interface { get; init; }

    /// <summary>IPv6 addresses of all pods; null for a cluster without.</summary>
    public IPNetwork? ClusterCidrV6 { get; init; }

    /// <summary>This node's IPv6 pods, when they are fixed from outside.</summary>
    public IPNetwork? PodCidrV6 { get; init; }

    /// <summary>IPv6 address of this node that peers reach.</summary>
    public IPAddress? NodeAddressV6 { get; init; }

    /// <summary>Destinations outside the cluster that see pods as they are.</summary>
    public IReadOnlyList<IPNetwork> NoMasquerade { get; init; } = [];

    /// <summary>UDP port for probes between daemons; 0 for none.</summary>
    public int ProbePort { get; init; } = 10246;

    /// <summary>Where to leave flannel's subnet.env; null for nowhere.</summary>
    public string? SubnetFile { get; init; }

    /// <summary>Files of further networks whose nodes are listed in them.</summary>
    public IReadOnlyList<string> Networks { get; init; } = [];

    internal int PortOrUsual => Port != 0 ? Port : Backend == OverlayBackend.WireGuard ? 51820 : 4789;
}
