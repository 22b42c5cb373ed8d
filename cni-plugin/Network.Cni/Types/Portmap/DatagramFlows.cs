using System.Net;
using System.Net.Sockets;
using Network.Netlink;
using Network.Netlink.Netfilter;

namespace Network.Cni.Types.Portmap;

/// <summary>
/// The kernel decides where a UDP flow goes by its first packet, and a client that keeps sending never lets it forget: flows to
/// a node's port must be forgotten when a pod gets the port, and when it loses it.
/// </summary>
internal static class DatagramFlows
{
    private const byte Udp = 17;

    /// <summary>Forgets the flows to the pod's ports of this node, wherever they were led.</summary>
    internal static void Forget(PodPorts ports)
    {
        var mappings = ports.Mappings.Where(mapping => mapping.ProtocolNumber == Udp).ToList();
        if (mappings.Count == 0)
            return;
        using var node = RouteSocket.Open();
        var local = node.Addresses().Select(address => address.Address).ToHashSet();
        using var conntrack = ConntrackSocket.Open();
        foreach (var family in ports.Addresses.Select(address => address.Address.IsV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork).Distinct())
            conntrack.Delete(family, flow => flow.Original.Protocol == Udp && mappings.Exists(mapping => IsTo(mapping, flow.Original, local)));
    }

    private static bool IsTo(PortMapping mapping, ConntrackTuple flow, HashSet<IPAddress> local) => flow.DestinationPort == mapping.HostPort
        && (mapping.SpecificHostIp is { } ip ? ip.ToAddress().Equals(flow.Destination) : local.Contains(flow.Destination) || IPAddress.IsLoopback(flow.Destination));
}
