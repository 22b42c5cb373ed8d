using System.Net;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>Where a node's tunnel over one underlay family ends.</summary>
/// <param name="Address">Underlay address that other nodes send to.</param>
/// <param name="Mac">MAC of its VXLAN device; null where the backend has none.</param>
/// <param name="PublicKey">Its WireGuard key; null where the backend has none.</param>
public readonly record struct PeerEnd(IPAddress Address, MacAddress? Mac = null, WireGuardKey? PublicKey = null);
