using System.Net;

namespace Network.Overlay;

/// <summary>This node's part of the network, to be published to the others.</summary>
/// <param name="Ends">Where its tunnels end, by family of the underlay.</param>
/// <param name="Mtu">What pods of this node may use: the underlay's minus the encapsulation, the least of all tunnels.</param>
public sealed record LocalVtep(PerFamily<IPNetwork> PodCidrs, PerFamily<PeerEnd> Ends, int Mtu)
{
    public OverlayBackend Backend { get; init; }

    public int Vni { get; init; }

    public int Port { get; init; }

    /// <summary>UDP port where this node answers probes; 0 for none.</summary>
    public int ProbePort { get; init; }
}
