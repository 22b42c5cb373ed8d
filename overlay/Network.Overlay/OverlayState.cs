using Network.Netlink;

namespace Network.Overlay;

/// <summary>What the kernel holds for our device.</summary>
internal sealed record OverlayState(
    Link Device,
    IReadOnlyList<InterfaceAddress> Addresses,
    IReadOnlyList<Neighbour> Neighbours,
    IReadOnlyList<FdbEntry> Fdb,
    IReadOnlyList<Route> Routes)
{
    internal static OverlayState Read(RouteSocket socket, Link device) => new(
        device,
        socket.Addresses(device.Index),
        socket.Neighbours(device.Index),
        socket.Fdb(device.Index),
        // All of them: a route of ours may point at a device that is not ours any more.
        socket.Routes());
}
