using System.Net;

namespace Network.Netlink;

/// <summary>What makes a VXLAN device; identity, port and local address cannot be changed on a live one.</summary>
public sealed record VxlanInfo
{
    /// <summary>24-bit VXLAN network identifier (RFC 7348).</summary>
    public required int Vni { get; init; }

    public int Port { get; init; } = 4789;

    /// <summary>Outer source address.</summary>
    public IPAddress? Local { get; init; }

    /// <summary>Index of the underlay device; 0 lets the kernel's routing choose.</summary>
    public int UnderlayIndex { get; init; }

    /// <summary>Learn remote addresses from received frames.</summary>
    public bool Learning { get; init; }

    public bool ReportsMisses { get; init; }
}
