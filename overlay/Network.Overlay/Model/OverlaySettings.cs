using System.Net;
using System.Net.Sockets;
using Network.Linux;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>One node's part of one overlay network.</summary>
public sealed record OverlaySettings
{
    public required string NodeName { get; init; }

    /// <summary>Tells networks of one daemon apart; empty for the cluster's own. At most 10 characters, because it is part of chain names.</summary>
    public string Network { get; init; } = "";

    /// <summary>This node's pods, at most one range a family.</summary>
    public required PerFamily<IPNetwork> PodCidrs { get; init; }

    /// <summary>All pods; traffic inside it is never masqueraded.</summary>
    public required PerFamily<IPNetwork> ClusterCidrs { get; init; }

    /// <summary>Tunnel device, at most 15 characters: <c>w1-vx</c>.</summary>
    public required string DeviceName { get; init; }

    public OverlayBackend Backend { get; init; }

    /// <summary>Plain route to a peer while it is on-link, tunnel otherwise.</summary>
    public bool DirectRouting { get; init; }

    /// <summary>VXLAN network identifier, 24 bits.</summary>
    public int Vni { get; init; } = 1;

    /// <summary>The port IANA assigned to VXLAN (RFC 7348); the kernel's own default is 8472. WireGuard: 51820 is usual.</summary>
    public int Port { get; init; } = 4789;

    /// <summary>Device that carries the tunnel; null to choose by <see cref="NodeAddresses"/> or by default route.</summary>
    public string? UnderlayInterface { get; init; }

    /// <summary>Addresses of this node that peers reach, at most one a family; empty to take the underlay device's first.</summary>
    public IReadOnlyList<IPAddress> NodeAddresses { get; init; } = [];

    /// <summary>What peers know this node by when it stands behind address translation; null where they see it as it is.</summary>
    public PerFamily<PeerEnd> PublicEnds { get; init; }

    /// <summary>The tunnels' MACs that peers already know (published before a reboot), by family of the underlay.</summary>
    public PerFamily<MacAddress> KnownMacs { get; init; }

    /// <summary>Bridge of the pods, for the CNI configuration. Pods that run keep their MTU; the kernel tells them of a smaller one (path MTU discovery).</summary>
    public string? PodBridge { get; init; }

    /// <summary>Hide pods behind their node towards addresses outside the cluster.</summary>
    public bool Masquerade { get; init; } = true;

    /// <summary>Destinations outside the cluster that see pods as they are.</summary>
    public IReadOnlyList<IPNetwork> NoMasquerade { get; init; } = [];

    /// <summary>UDP port for probes between daemons, on the base address of the pod range; 0 for none.</summary>
    public int ProbePort { get; init; }

    /// <summary>Each peer is probed this often.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Where the WireGuard key is kept.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Where the node lives; null means the process's own namespace.</summary>
    public string? NetNs { get; init; }

    /// <summary>Everything is compared with the kernel this often, whether or not an event asked for it.</summary>
    public TimeSpan AuditInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Device of the second underlay family, where both carry a tunnel.</summary>
    internal string SecondDeviceName => InterfaceName.Fit(DeviceName + "6");

    /// <summary>Routes of others decide how a peer is reached.</summary>
    internal bool AsksWhoIsOnLink => DirectRouting || Backend == OverlayBackend.HostGateway;

    /// <summary>The default route decides which device carries the tunnels.</summary>
    internal bool AsksDefaultRoute => UnderlayInterface is null && NodeAddresses.Count == 0;

    /// <summary>Throws when the settings cannot work, naming field and fix.</summary>
    internal OverlaySettings Validated()
    {
        if (DeviceName.Length is 0 or > InterfaceName.Longest)
            throw Refused($"device name \"{DeviceName}\" must have 1 to {InterfaceName.Longest} characters");
        if (Vni is < 0 or >= 1 << 24)
            throw Refused($"VNI {Vni} does not fit 24 bits; use 1 to {(1 << 24) - 1}");
        if (Port is < 1 or > ushort.MaxValue)
            throw Refused($"port {Port} is no UDP port; VXLAN's is 4789, Linux's older default 8472");
        if (ProbePort is < 0 or > ushort.MaxValue || ProbePort == Port)
            throw Refused($"probe port {ProbePort} must be a UDP port other than the tunnel's {Port}, or 0 for no probes");
        if (Network.Length > 10 || Network.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c)))
            throw Refused($"network name \"{Network}\" must have at most 10 lower-case letters and digits");
        if (PodCidrs.IsEmpty)
            throw Refused("no podCIDR is given; assign one of the cluster CIDR's parts");
        foreach (var cidr in PodCidrs.Present)
        {
            if (ClusterCidrs[cidr.BaseAddress.AddressFamily] is not { } cluster)
                throw Refused($"podCIDR {cidr} has no cluster CIDR of its family; give one that holds it");
            if (!cluster.Contains(cidr.BaseAddress) || cidr.PrefixLength < cluster.PrefixLength)
                throw Refused($"podCIDR {cidr} is not a part of cluster CIDR {cluster}; give a part of it");
        }

        if (NodeAddresses.GroupBy(address => address.AddressFamily).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Refused($"node addresses {string.Join(" and ", twice)} are of one family; give at most one of each");
        return this;
    }

    internal static int LengthOf(AddressFamily family) => family == AddressFamily.InterNetwork ? 32 : 128;

    private OverlayException Refused(string why) => new($"node {NodeName}: {why}");
}
