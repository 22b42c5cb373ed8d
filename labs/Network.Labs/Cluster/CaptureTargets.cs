using System.Net;
using Network.Labs.Topology;
using Network.Linux;
using Network.Netlink;

namespace Network.Labs.Cluster;

/// <summary>
/// Finds pods, nodes and links of a cluster by the names people use. Looks at namespaces and devices, not at the API server,
/// so that it also works when that is what is broken.
/// </summary>
public sealed class CaptureTargets
{
    private readonly ClusterPaths _paths;
    private readonly LabTopology _topology;
    private readonly Addressing _addressing;

    public CaptureTargets(ClusterPaths paths)
    {
        _paths = paths;
        var built = ClusterFiles.Read(paths) ?? throw new ClusterException($"there is no cluster {paths.Name}; podnet up --name {paths.Name} builds one");
        (_topology, ApiPort) = (built.Topology, built.ApiPort);
        _addressing = new Addressing(_topology);
    }

    /// <summary>What was built.</summary>
    public LabTopology Topology => _topology;

    /// <summary>Loopback port of this machine where the API server answers.</summary>
    public int ApiPort { get; }

    /// <summary>The address others know a machine by.</summary>
    public IPAddress AddressOf(string machine) => _addressing.AddressOf(machine);

    /// <summary>Devices behind <c>pod/[NS/]NAME</c>, <c>node/NAME[/DEVICE]</c>, <c>link/NAME</c>, or a bare name that only one of them has.</summary>
    public IReadOnlyList<CaptureTarget> Resolve(string target)
    {
        var words = target.Split('/');
        return words switch
        {
            ["pod", var name] => PodOfAnyNamespace(name),
            ["pod", var ns, var name] => Pod(ns, name),
            ["node", var name] => Node(name),
            ["node", var name, var device] => [Device(name, device)],
            ["link", var name] => Link(name),
            [var name] => Bare(name),
            _ => throw Unknown(target),
        };
    }

    /// <summary>Everything that can be named, for errors and completion.</summary>
    public IEnumerable<string> Known() => _topology.Nodes.Select(node => $"node/{node.Name}")
        .Concat(_topology.Routers.Select(router => $"node/{router}"))
        .Concat(_topology.Links.Select(link => $"link/{link.Name}"))
        .Concat(Pods().Select(pod => $"pod/{pod.Namespace}/{pod.Name}"));

    /// <summary>Every namespace of the cluster: of nodes and routers, of the segments between them, and of pods, which come and go.</summary>
    public IEnumerable<(string NetNs, string Node, string Pod)> Namespaces() => _topology.Nodes.Select(node => node.Name).Concat(_topology.Routers)
        .Select(machine => (_paths.NetNs(machine), machine, ""))
        .Append((_paths.FabricNetNs, "fabric", ""))
        .Concat(Pods().Select(pod => (pod.NetNs, pod.Node, $"{pod.Namespace}/{pod.Name}")));

    private IReadOnlyList<CaptureTarget> Bare(string name)
    {
        var found = Known().Where(known => known.EndsWith($"/{name}", StringComparison.Ordinal)).ToList();
        return found.Count switch
        {
            1 => Resolve(found[0]),
            0 => throw Unknown(name),
            _ => throw Ambiguous(name, found),
        };
    }

    private List<CaptureTarget> PodOfAnyNamespace(string name)
    {
        var namespaces = Pods().Where(pod => pod.Name == name).Select(pod => pod.Namespace).Distinct().Order(StringComparer.Ordinal).ToList();
        return namespaces.Count switch
        {
            1 => Pod(namespaces[0], name),
            0 => throw Unknown($"pod/{name}"),
            _ => throw Ambiguous($"pod/{name}", namespaces.Select(ns => $"pod/{ns}/{name}")),
        };
    }

    private List<CaptureTarget> Pod(string ns, string name)
    {
        var pods = Pods().Where(pod => pod.Namespace == ns && pod.Name == name).ToList();
        return pods.Count > 0
            ? pods.Select(pod => new CaptureTarget($"{ns}/{name}/eth0", pod.NetNs, "eth0", $"pod {ns}/{name} on {pod.Node}", DeviceKind.Pod)).ToList()
            : throw Unknown($"pod/{ns}/{name}");
    }

    private List<CaptureTarget> Node(string name)
    {
        if (_addressing.EndsOf(name) is not { Count: > 0 } ends)
            throw Unknown($"node/{name}");
        var targets = ends.Select(end => Device(name, end.Device)).ToList();
        using var socket = RouteSocket.Open(_paths.NetNs(name));
        targets.AddRange(socket.Links().Where(link => link.Kind == "vxlan").Select(link => Device(name, link.Name)));
        return targets;
    }

    private CaptureTarget Device(string node, string device)
    {
        if (!_addressing.EndsOf(node).Any())
            throw Unknown($"node/{node}/{device}");
        using var socket = RouteSocket.Open(_paths.NetNs(node));
        var link = socket.Link(device) ?? socket.Link($"{node}-{device}")
            ?? throw new ClusterException($"node/{node} has no device \"{device}\"; it has {string.Join(", ", socket.Links().Select(l => l.Name))}");
        var (name, role) = link.Kind switch
        {
            "vxlan" => ("vxlan", "VTEP"),
            "bridge" => ("bridge", "pod bridge"),
            _ => (link.Name.StartsWith($"{node}-", StringComparison.Ordinal) ? link.Name[(node.Length + 1)..] : link.Name, "device"),
        };
        var kind = link.Kind switch
        {
            "vxlan" => DeviceKind.Tunnel,
            "bridge" => DeviceKind.Bridge,
            _ => DeviceKind.Underlay,
        };
        return new CaptureTarget($"{node}/{name}", _paths.NetNs(node), link.Name, $"{role} of {node}", kind);
    }

    private IReadOnlyList<CaptureTarget> Link(string name)
    {
        var link = _topology.Links.FirstOrDefault(link => link.Name == name) ?? throw Unknown($"link/{name}");
        if (link.Ends.Count > 2)
            return [new CaptureTarget(name, _paths.FabricNetNs, InterfaceName.Fit(name), $"segment {name} of {string.Join(", ", link.Ends)}", DeviceKind.Underlay)];
        var end = _addressing.EndsOf(link.Ends[0]).First(end => end.Link == link);
        return [new CaptureTarget(name, _paths.NetNs(end.Machine), end.Device, $"cable {name} between {link.Ends[0]} and {link.Ends[1]}", DeviceKind.Underlay)];
    }

    // A pod's namespace is named CLUSTER-NODE_NAMESPACE_POD_UID by its kubelet; Kubernetes names hold no underscore. The node
    // must be one of ours: cluster "a" with node "b-w1" reads the same as cluster "a-b" with node "w1".
    private IEnumerable<(string NetNs, string Node, string Namespace, string Name)> Pods() =>
        from path in _paths.NetNamespaces()
        let parts = Path.GetFileName(path).Split('_')
        where parts.Length == 4
        let node = parts[0][(_paths.Name.Length + 1)..]
        where _topology.Nodes.Any(known => known.Name == node)
        select (Path.GetFileName(path), node, parts[1], parts[2]);

    private static ClusterException Ambiguous(string target, IEnumerable<string> choices) => new($"\"{target}\" may be {string.Join(" or ", choices)}; write one of them");

    private ClusterException Unknown(string target) => new($"cluster {_paths.Name} has no \"{target}\"; there are {string.Join(", ", Known())}");
}
