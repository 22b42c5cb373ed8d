namespace Network.Overlay;

/// <summary>How packets travel between nodes.</summary>
public enum OverlayBackend
{
    /// <summary>Ethernet in UDP (RFC 7348).</summary>
    Vxlan,

    /// <summary>Plain routes by way of the peers' own addresses; every peer must be on one segment with us.</summary>
    HostGateway,

    /// <summary>Encrypted tunnel of the kernel's wireguard module.</summary>
    WireGuard,
}
