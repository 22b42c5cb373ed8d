using System.Net;
using System.Net.Sockets;

namespace Network.Overlay;

/// <summary>One family of a peer's pods and how to get there.</summary>
/// <param name="LinkIndex">The tunnel's device, or the device the peer is on-link of.</param>
/// <param name="Mtu">Route MTU where the path carries less than the device; 0 for the device's.</param>
internal readonly record struct PeerWay(string NodeName, IPNetwork Pods, PeerEnd End, int LinkIndex, uint Mtu)
{
    // The kernel gives IPv6 routes without a metric this one (IP6_RT_PRIO_USER), and reports it.
    internal uint Priority => Pods.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 ? 1024u : 0u;
}
