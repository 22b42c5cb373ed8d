using System.Net.Sockets;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>One tunnel device as it should be.</summary>
/// <param name="Underlay">Family of the outer packets.</param>
/// <param name="Addresses">Base of the pod range as a host address: source of node-to-pod traffic, without a connected route.</param>
internal sealed record Tunnel(AddressFamily Underlay, LinkSpec Device, IReadOnlyList<InterfaceAddress> Addresses)
{
    /// <summary>The kernel's index of the device; 0 while it is not there.</summary>
    internal int Index { get; init; }
}
