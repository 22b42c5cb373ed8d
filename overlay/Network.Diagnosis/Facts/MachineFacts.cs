using System.Net;
using System.Net.Sockets;
using Network.Netlink;

namespace Network.Diagnosis.Facts;

/// <summary>The network of a machine, a router or a pod as its kernel has it at one moment.</summary>
/// <param name="Name">The machine's name, or <c>pod/NAMESPACE/NAME</c>.</param>
/// <param name="NetNs">Name or path of its network namespace.</param>
/// <param name="Inode">The namespace's inode number.</param>
public sealed record MachineFacts(string Name, string NetNs, uint Inode)
{
    public bool IsRouter { get; init; }

    public required IReadOnlyList<Link> Links { get; init; }

    public required IReadOnlyList<InterfaceAddress> Addresses { get; init; }

    /// <summary>Of the main table, both families.</summary>
    public required IReadOnlyList<Route> Routes { get; init; }

    public IReadOnlyList<Neighbour> Neighbours { get; init; } = [];

    /// <summary>Forwarding entries of VXLAN devices.</summary>
    public IReadOnlyList<FdbEntry> Fdb { get; init; } = [];

    /// <summary>Kernel parameters by path: <c>net/ipv4/ip_forward</c>. What this kernel does not have is absent.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Sockets that wait for clients.</summary>
    public IReadOnlyList<Listener> Listeners { get; init; } = [];

    /// <summary>Whether the rules hide pods behind the node towards the outside; null where nobody looked.</summary>
    public bool? Masquerades { get; init; }

    public Link? LinkOf(int index) => Links.FirstOrDefault(link => link.Index == index);

    public Link? LinkOf(string name) => Links.FirstOrDefault(link => link.Name == name);

    /// <summary>The tunnel device of the cluster's overlay.</summary>
    public Link? Tunnel => Links.FirstOrDefault(link => link.Vxlan is not null);

    public bool Has(IPAddress address) => Addresses.Any(own => own.Address.Equals(address));

    /// <summary>The route a packet to this address takes: the longest prefix, then the lowest priority; null without one.</summary>
    /// <remarks>Of equal ways the first whose device has a carrier: which one a packet takes is the kernel's choice, by its ports.</remarks>
    public Route? RouteTo(IPAddress address) => Routes
        .Where(route => route.Destination.BaseAddress.AddressFamily == address.AddressFamily && route.Destination.Contains(address))
        .OrderByDescending(route => route.Destination.PrefixLength).ThenBy(route => route.Priority).Select(OneWay).FirstOrDefault();

    private Route OneWay(Route route)
    {
        if (route.NextHops.Count == 0)
            return route;
        var hop = route.NextHops.Where(hop => LinkOf(hop.LinkIndex) is { IsUp: true, OperState: OperState.Up or OperState.Unknown }).Append(route.NextHops[0]).First();
        return route with { Gateway = hop.Gateway, LinkIndex = hop.LinkIndex };
    }

    /// <summary>The value of a kernel parameter as a number; null where the kernel has none.</summary>
    public int? Setting(string key) => Settings.TryGetValue(key, out var text) && int.TryParse(text, out var number) ? number : null;

    /// <summary>The stricter of a device's and the machine's reverse path filter, as the kernel takes it (ip-sysctl).</summary>
    public int ReversePathFilter(string device) => Math.Max(Setting("net/ipv4/conf/all/rp_filter") ?? 0, Setting($"net/ipv4/conf/{device}/rp_filter") ?? 0);
}

/// <summary>A socket that waits for clients.</summary>
public readonly record struct Listener(ProtocolType Protocol, IPAddress Address, int Port)
{
    public bool Takes(ProtocolType protocol, int port) => Protocol == protocol && Port == port && !IPAddress.IsLoopback(Address);
}
