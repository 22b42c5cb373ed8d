using Network.Netlink;

namespace Network.Host.Dns.HostSetup;

/// <summary>Links, addresses and routes of this process's network namespace at one moment.</summary>
internal sealed record NetworkView(IReadOnlyList<Link> Links, IReadOnlyList<InterfaceAddress> Addresses, IReadOnlyList<Route> Routes)
{
    internal static NetworkView Read()
    {
        using var socket = RouteSocket.Open();
        return new NetworkView(socket.Links(), socket.Addresses(), socket.Routes());
    }
}
