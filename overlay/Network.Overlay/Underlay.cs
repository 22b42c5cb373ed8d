using System.Net;
using System.Net.Sockets;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>The device and address that carry the tunnel.</summary>
internal sealed record Underlay(int LinkIndex, string Name, IPAddress Address, int Mtu)
{
    // Outer IP 20 or 40, UDP 8, VXLAN 8, inner Ethernet 14 (RFC 7348, section 5).
    internal int InnerMtu => Mtu - (Address.AddressFamily == AddressFamily.InterNetwork ? 50 : 70);

    /// <summary>Chooses by name, else by node address, else by the default route.</summary>
    internal static Underlay Choose(
        OverlaySettings settings, IReadOnlyList<Link> links, IReadOnlyList<InterfaceAddress> addresses, IReadOnlyList<Route> routes)
    {
        var link = LinkOf(settings, links, addresses, routes);
        var address = settings.NodeAddress ?? FirstAddress(link, settings, addresses);
        return new Underlay(link.Index, link.Name, address, link.Mtu);
    }

    private static Link LinkOf(
        OverlaySettings settings, IReadOnlyList<Link> links, IReadOnlyList<InterfaceAddress> addresses, IReadOnlyList<Route> routes)
    {
        if (settings.UnderlayInterface is { } name)
            return links.FirstOrDefault(link => link.Name == name)
                ?? throw new OverlayException($"node {settings.NodeName}: underlay interface {name} does not exist; name one of {Names(links)}");
        if (settings.NodeAddress is { } own)
        {
            var index = addresses.FirstOrDefault(address => address.Address.Equals(own))?.LinkIndex;
            return links.FirstOrDefault(link => link.Index == index)
                ?? throw new OverlayException($"node {settings.NodeName}: node address {own} is on no interface of this node; give one that is");
        }

        var way = routes.Where(route => route.Destination.PrefixLength == 0 && route.LinkIndex != 0).MinBy(route => route.Priority);
        return links.FirstOrDefault(link => link.Index == way?.LinkIndex)
            ?? throw new OverlayException(
                $"node {settings.NodeName}: there is no default route to choose the underlay by; name the underlay interface ({Names(links)}) or the node address");
    }

    private static IPAddress FirstAddress(Link link, OverlaySettings settings, IReadOnlyList<InterfaceAddress> addresses) =>
        addresses.Where(address => address.LinkIndex == link.Index && address.Scope == 0)
            .OrderByDescending(address => address.Address.AddressFamily == AddressFamily.InterNetwork)
            .ThenByDescending(address => address.IsPermanent)
            .FirstOrDefault()?.Address
        ?? throw new OverlayException($"node {settings.NodeName}: underlay interface {link.Name} has no address; give it one or name another interface");

    private static string Names(IReadOnlyList<Link> links) => string.Join(", ", links.Where(link => !link.IsLoopback).Select(link => link.Name));
}
