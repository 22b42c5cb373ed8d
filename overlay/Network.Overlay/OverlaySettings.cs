using System.Net;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>One node's part of one overlay network.</summary>
public sealed record OverlaySettings
{
    public required string NodeName { get; init; }

    /// <summary>This node's pods.</summary>
    public required IPNetwork PodCidr { get; init; }

    /// <summary>All pods; traffic inside it is never masqueraded.</summary>
    public required IPNetwork ClusterCidr { get; init; }

    /// <summary>VXLAN device, at most 15 characters: <c>w1-vx</c>.</summary>
    public required string DeviceName { get; init; }

    /// <summary>VXLAN network identifier, 24 bits.</summary>
    public int Vni { get; init; } = 1;

    /// <summary>The port IANA assigned to VXLAN (RFC 7348); the kernel's own default is 8472.</summary>
    public int Port { get; init; } = 4789;

    /// <summary>Device that carries the tunnel; null to choose by <see cref="NodeAddress"/> or by default route.</summary>
    public string? UnderlayInterface { get; init; }

    /// <summary>Address of this node that peers reach; null to take the underlay device's first.</summary>
    public IPAddress? NodeAddress { get; init; }

    /// <summary>The tunnel's MAC that peers already know (published before a reboot); null to keep the device's or make one.</summary>
    public MacAddress? KnownMac { get; init; }

    /// <summary>Hide pods behind their node towards addresses outside the cluster.</summary>
    public bool Masquerade { get; init; } = true;

    /// <summary>Where the node lives; null means the process's own namespace.</summary>
    public string? NetNs { get; init; }

    /// <summary>Everything is compared with the kernel this often, whether or not an event asked for it.</summary>
    public TimeSpan AuditInterval { get; init; } = TimeSpan.FromSeconds(10);
}
