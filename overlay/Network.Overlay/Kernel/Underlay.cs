using System.Net;
using System.Net.Sockets;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>The device that carries tunnels, our address on it per family, and which addresses are one hop away.</summary>
internal sealed record Underlay(int LinkIndex, string Name, int Mtu, IReadOnlyList<IPAddress> Addresses)
{
    private IReadOnlyList<Route> _routes = [];

    /// <summary>Routes of others, by which it is told who is on-link.</summary>
    internal IReadOnlyList<Route> Routes
    {
        get => _routes;
        init => _routes = [.. value.Where(route => route.Destination.PrefixLength > 0 || route.LinkIndex != 0)
            .OrderByDescending(route => route.Destination.PrefixLength).ThenBy(route => route.Priority)];
    }

    internal IPAddress? AddressOf(AddressFamily family) => Addresses.FirstOrDefault(address => address.AddressFamily == family);

    /// <summary>The device by which the address is reached without a router; 0 when there is a router between, or no way.</summary>
    internal int OnLink(IPAddress address)
    {
        foreach (var route in _routes)
        {
            if (route.Destination.BaseAddress.AddressFamily == address.AddressFamily && route.Destination.Contains(address))
                return route is { Gateway: null, Type: 1 } ? route.LinkIndex : 0;
        }

        return 0;
    }

    /// <summary>Equal in everything that decides what is programmed.</summary>
    internal bool SameAs(Underlay? other) => other is not null && LinkIndex == other.LinkIndex && Mtu == other.Mtu
        && Addresses.SequenceEqual(other.Addresses) && _routes.SequenceEqual(other._routes);

    /// <summary>Chooses by name, else by node address, else by the default route.</summary>
    internal static Underlay Choose(
        OverlaySettings settings, IReadOnlyList<Link> links, IReadOnlyList<InterfaceAddress> addresses, IReadOnlyList<Route> routes)
    {
        var link = LinkOf(settings, links, addresses, routes);
        var own = PerFamily<int>.Families.Select(family => AddressOn(link, family, settings, addresses)).OfType<IPAddress>().ToList();
        if (own.Count == 0)
            throw new OverlayException($"node {settings.NodeName}: underlay interface {link.Name} has no address; give it one or name another interface");
        // Our own routes and devices say nothing of the network below.
        var devices = links.Where(own => own.Name == settings.DeviceName || own.Name == settings.SecondDeviceName).Select(own => own.Index).ToHashSet();
        var below = routes.Where(route => route.Protocol != OverlayPlan.RouteProtocol && !devices.Contains(route.LinkIndex) && !route.Destination.BaseAddress.IsIPv6LinkLocal);
        return new Underlay(link.Index, link.Name, link.Mtu, own) { Routes = settings.AsksWhoIsOnLink ? [.. below] : [] };
    }

    private static Link LinkOf(
        OverlaySettings settings, IReadOnlyList<Link> links, IReadOnlyList<InterfaceAddress> addresses, IReadOnlyList<Route> routes)
    {
        if (settings.UnderlayInterface is { } name)
            return links.FirstOrDefault(link => link.Name == name)
                ?? throw new OverlayException($"node {settings.NodeName}: underlay interface {name} does not exist; name one of {Names(links)}");
        if (settings.NodeAddresses is [var own, ..])
        {
            var index = addresses.FirstOrDefault(address => address.Address.Equals(own))?.LinkIndex;
            return links.FirstOrDefault(link => link.Index == index)
                ?? throw new OverlayException($"node {settings.NodeName}: node address {own} is on no interface of this node; give one that is");
        }

        // The lowest metric within a family, and IPv4's before IPv6's: what reaches the world reaches the other nodes.
        var way = routes.Where(route => route.Destination.PrefixLength == 0 && route.LinkIndex != 0 && route.Protocol != OverlayPlan.RouteProtocol)
            .OrderBy(route => route.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6).ThenBy(route => route.Priority).FirstOrDefault();
        return links.FirstOrDefault(link => link.Index == way?.LinkIndex)
            ?? throw new OverlayException(
                $"node {settings.NodeName}: there is no default route to choose the underlay by; name the underlay interface ({Names(links)}) or the node address");
    }

    // A fixed address that is missing at present is no reason to announce another one.
    private static IPAddress? AddressOn(Link link, AddressFamily family, OverlaySettings settings, IReadOnlyList<InterfaceAddress> addresses)
    {
        var usable = addresses.Where(address => address.LinkIndex == link.Index && address.Address.AddressFamily == family && address is { Scope: 0, IsTentative: false });
        return settings.NodeAddresses.FirstOrDefault(own => own.AddressFamily == family) is { } wanted
            ? usable.FirstOrDefault(address => address.Address.Equals(wanted))?.Address
            : usable.OrderBy(address => address.IsTemporary || address.IsDeprecated).ThenByDescending(address => address.IsPermanent).FirstOrDefault()?.Address;
    }

    private static string Names(IReadOnlyList<Link> links) => string.Join(", ", links.Where(link => !link.IsLoopback).Select(link => link.Name));
}
