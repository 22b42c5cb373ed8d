using System.Globalization;
using System.Net;
using Network.Linux;
using Network.Netlink;

namespace Network.ServiceProxy;

/// <summary>What a node needs beside the rules: forwarding, bridged packets that pass the rules, a route that a program's packets can start on.</summary>
internal static class NodeSetup
{
    /// <summary>rtm_protocol of our routes, so that they are told from others'.</summary>
    private const byte RouteProtocol = 0x53;

    // kube-proxy's: so many connections a processor, at least so many, and one bucket for four of them.
    private const int ConnectionsPerProcessor = 32_768, LeastConnections = 131_072;

    /// <returns>The routes that were added, and the kernel parameters that are not as they have to be and could not be set.</returns>
    internal static (IReadOnlyList<IPNetwork> Routes, IReadOnlyList<string> Unset) Ensure(ProxySettings settings)
    {
        var unset = settings.NetNs is { } ns ? NetNs.Run(ns, () => SetSysctls(settings)) : SetSysctls(settings);
        return (EnsureRoutes(settings), unset);
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

    private static List<string> SetSysctls(ProxySettings settings)
    {
        var unset = new List<string>();
        Set("net/ipv4/ip_forward", "1");
        // Without bridge netfilter the reply of a same-node endpoint is bridged past conntrack and arrives with the wrong source.
        Set("net/bridge/bridge-nf-call-iptables", "1");
        Set("net/bridge/bridge-nf-call-ip6tables", "1");
        if (settings.TcpBeLiberal)
            Set("net/netfilter/nf_conntrack_tcp_be_liberal", "1");
        // Connections of clients that went away would fill the table (kube-proxy's values: a day, and an hour when half-closed).
        Set("net/netfilter/nf_conntrack_tcp_timeout_established", "86400");
        Set("net/netfilter/nf_conntrack_tcp_timeout_close_wait", "3600");
        GrowConnections();
        return unset;

        // Where /proc/sys is read-only somebody else has to set it; rules are of use all the same.
        void Set(string key, string value)
        {
            try
            {
                Sysctl.TrySet(key, value);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                unset.Add($"{key.Replace('/', '.')}={value}");
            }
        }
    }

    // One table for the whole machine, which only its own namespace may size. Never made smaller: others may count on what they set.
    private static void GrowConnections()
    {
        var wanted = Math.Max(ConnectionsPerProcessor * Environment.ProcessorCount, LeastConnections);
        foreach (var (key, least) in new[] { ("net/netfilter/nf_conntrack_buckets", wanted / 4), ("net/netfilter/nf_conntrack_max", wanted) })
        {
            try
            {
                if (File.Exists($"/proc/sys/{key}") && int.Parse(Sysctl.Get(key), CultureInfo.InvariantCulture) < least)
                    Sysctl.Set(key, least.ToString(CultureInfo.InvariantCulture));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not this namespace's to say.
            }
        }
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
