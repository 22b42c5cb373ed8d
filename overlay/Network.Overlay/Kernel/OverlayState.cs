using Network.Netlink;

namespace Network.Overlay;

/// <summary>What the kernel holds on our devices, and every route: one of ours may point at a device that is not ours any more.</summary>
internal sealed record OverlayState(
    IReadOnlyList<InterfaceAddress> Addresses,
    IReadOnlyList<Neighbour> Neighbours,
    IReadOnlyList<FdbEntry> Fdb,
    IReadOnlyList<Route> Routes,
    Func<Route, bool> IsOurs)
{
    internal static OverlayState Read(RouteSocket socket, OverlayPlan plan)
    {
        var devices = plan.Tunnels.Select(tunnel => tunnel.Index).ToList();
        return new OverlayState(
            [.. devices.SelectMany(device => socket.Addresses(device))],
            [.. devices.SelectMany(socket.Neighbours)],
            [.. devices.SelectMany(socket.Fdb)],
            socket.Routes(),
            OwnershipOf(plan));
    }

    /// <summary>Everything on our own devices but the kernel's own, and everything of our protocol that leads to our network's pods.</summary>
    internal static Func<Route, bool> OwnershipOf(OverlayPlan plan)
    {
        var devices = plan.Tunnels.Select(tunnel => tunnel.Index).ToHashSet();
        var clusters = plan.Settings.ClusterCidrs;
        return route => devices.Contains(route.LinkIndex)
            ? !IsKernels(route)
            : route.Protocol == OverlayPlan.RouteProtocol
                && clusters[route.Destination.BaseAddress.AddressFamily] is { } cluster && cluster.Contains(route.Destination.BaseAddress);
    }

    // Multicast, link-local and such come and go with the device itself (RTPROT_KERNEL).
    private static bool IsKernels(Route route) => route.Protocol == 2;
}
