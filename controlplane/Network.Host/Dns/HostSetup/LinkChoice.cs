using System.Net;
using Network.Netlink;

namespace Network.Host.Dns.HostSetup;

/// <summary>Which link leads to the cluster's DNS server. Pure.</summary>
internal static class LinkChoice
{
    /// <summary>
    /// On a node the server's address is the node's own, and the link is the cluster's bridge, or the tunnel while the
    /// bridge has no pod and so no carrier. Elsewhere it is the link of the narrowest route; a default route is
    /// everybody's and does not count. Null when there is none.
    /// </summary>
    internal static Link? Find(IPAddress server, HostSetupOptions options, NetworkView network)
    {
        if (!IsOwn(server, network))
        {
            var route = network.Routes.Where(route => route.IsUnicast && route.Destination.PrefixLength > 0 && route.Destination.Contains(server))
                .MaxBy(route => (route.Destination.PrefixLength, -(long)route.Priority));
            var index = route is null ? 0 : route.LinkIndex != 0 || route.NextHops.Count == 0 ? route.LinkIndex : route.NextHops[0].LinkIndex;
            return network.Links.FirstOrDefault(link => link.Index == index && !link.IsLoopback);
        }

        var ofPods = network.Links.Where(link => !link.IsLoopback && network.Addresses.Any(address =>
            address.LinkIndex == link.Index && options.Pods.Any(range => range.Contains(address.Address)))).ToList();
        return ofPods.FirstOrDefault(link => link is { Kind: "bridge", IsUp: true, OperState: OperState.Up or OperState.Unknown })
            ?? ofPods.FirstOrDefault(link => link is { Kind: "vxlan", IsUp: true })
            ?? ofPods.FirstOrDefault(link => link.Kind == "bridge");
    }

    /// <summary>Whether a server is reached over this link: systemd-resolved sends over it alone, whatever other routes say, but for addresses of the host itself.</summary>
    internal static bool LeadsTo(Link link, IPAddress server, NetworkView network) => IsOwn(server, network)
        || network.Routes.Any(route => route.IsUnicast && route.Destination.Contains(server)
            && (route.LinkIndex == link.Index || route.NextHops.Any(hop => hop.LinkIndex == link.Index)));

    private static bool IsOwn(IPAddress server, NetworkView network) =>
        IPAddress.IsLoopback(server) || network.Addresses.Any(address => address.Address.Equals(server));
}
