using System.Net;
using Network.Linux;
using Network.Netlink;

namespace Network.ServiceProxy;

/// <summary>What a node needs beside the rules: forwarding, bridged packets that pass the rules, a route that a program's packets can start on.</summary>
internal static class NodeSetup
{
    /// <summary>rtm_protocol of our routes, so that they are told from others'.</summary>
    private const byte RouteProtocol = 0x53;

    /// <returns>The routes that were added.</returns>
    internal static IReadOnlyList<IPNetwork> Ensure(ProxySettings settings)
    {
        if (settings.NetNs is { } ns)
            NetNs.Run(ns, () => SetSysctls(settings));
        else
            SetSysctls(settings);
        return EnsureRoutes(settings);
    }

    internal static IReadOnlySet<IPAddress> LocalAddresses(string? netNs)
    {
        using var socket = RouteSocket.Open(netNs);
        return socket.Addresses().Select(address => address.Address).ToHashSet();
    }

    internal static void RemoveRoutes(string? netNs)
    {
        using var socket = RouteSocket.Open(netNs);
        foreach (var route in socket.Routes().Where(route => route.Protocol == RouteProtocol))
            socket.TryExecute(new RouteBatch().RouteDelete(route));
    }

    private static void SetSysctls(ProxySettings settings)
    {
        Sysctl.TrySet("net/ipv4/ip_forward", "1");
        // Without bridge netfilter the reply of a same-node endpoint is bridged past conntrack and arrives with the wrong source.
        Sysctl.TrySet("net/bridge/bridge-nf-call-iptables", "1");
        Sysctl.TrySet("net/bridge/bridge-nf-call-ip6tables", "1");
        if (settings.TcpBeLiberal)
            Sysctl.TrySet("net/netfilter/nf_conntrack_tcp_be_liberal", "1");
        // Half-closed connections of clients that went away would fill the table (kube-proxy's value: one hour).
        Sysctl.TrySet("net/netfilter/nf_conntrack_tcp_timeout_close_wait", "3600");
    }

    // The kernel looks for a route before the rules rewrite what a program of the node sends, so without one there is no packet at all.
    private static List<IPNetwork> EnsureRoutes(ProxySettings settings)
    {
        var added = new List<IPNetwork>();
        if (settings.ServiceCidrs.Count == 0)
            return added;
        using var socket = RouteSocket.Open(settings.NetNs);
        var routes = socket.Routes();
        foreach (var range in settings.ServiceCidrs)
        {
            var family = range.BaseAddress.AddressFamily;
            if (routes.Any(route => route.Destination.BaseAddress.AddressFamily == family && route.Destination.PrefixLength <= range.PrefixLength && route.Destination.Contains(range.BaseAddress)))
                continue;
            if (settings.NodeAddresses.FirstOrDefault(address => address.AddressFamily == family) is not { } own
                || socket.Addresses().FirstOrDefault(address => address.Address.Equals(own)) is not { } found)
                continue;
            socket.Execute(new RouteBatch().RouteReplace(new Route(range) { LinkIndex = found.LinkIndex, PreferredSource = own, Protocol = RouteProtocol, Scope = 253 }));
            added.Add(range);
        }

        return added;
    }
}
