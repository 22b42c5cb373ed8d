using Network.Labs.Cluster;
using Network.Netlink;

namespace Network.Labs.Faults;

/// <summary>Where a fault goes.</summary>
/// <param name="On">The machine (or pod) that gets it.</param>
/// <param name="Peer">The other machine (or pod) it is about; empty for faults without.</param>
/// <param name="Value">A number, a file: what the fault takes.</param>
public sealed record FaultSite(ClusterPaths Paths, string On, string Peer, string Value)
{
    public CaptureTargets Targets { get; } = new(Paths);

    public PartControl Parts { get; } = new(Paths);

    /// <summary>The network namespace of <see cref="On"/>.</summary>
    public string NetNs => NetNsOf(On);

    /// <summary>The namespace of a machine, or of a pod (<c>pod/ns/name</c>).</summary>
    public string NetNsOf(string name)
    {
        if (!name.StartsWith("pod/", StringComparison.Ordinal))
            return Linux.NetNs.Exists(Paths.NetNs(name)) ? Paths.NetNs(name) : throw new ClusterException($"cluster {Paths.Name} has no machine {name}");
        return Targets.Resolve(name)[0].NetNs;
    }

    /// <summary>The node a pod runs on.</summary>
    public string NodeOf(string pod)
    {
        var ns = NetNsOf(pod);
        return Targets.Namespaces().First(place => place.NetNs == ns).Node;
    }

    public RouteSocket Routes(string? name = null) => RouteSocket.Open(name is null ? NetNs : NetNsOf(name));

    /// <summary>The tunnel device of a machine.</summary>
    public Link Tunnel(string machine)
    {
        using var socket = Routes(machine);
        return socket.Links().FirstOrDefault(link => link.Vxlan is not null) ?? throw new ClusterException($"{machine} has no tunnel device");
    }

    /// <summary>The name of a machine's device, also without the machine's name before it.</summary>
    public Link Device(string machine, string device)
    {
        using var socket = Routes(machine);
        return socket.Link(device) ?? socket.Link($"{machine}-{device}") ?? throw new ClusterException($"{machine} has no device {device}; it has {string.Join(", ", socket.Links().Select(link => link.Name))}");
    }

    /// <summary>Runs kubectl against the cluster.</summary>
    public Task<string> KubectlAsync(CancellationToken cancel, params string[] arguments) => ClusterShell.RunAsync(Paths, "kubectl", arguments, cancel);
}
