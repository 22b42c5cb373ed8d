using Network.Labs.Topology;

namespace Network.Labs.Cluster.Taps;

/// <summary>
/// Finds the devices that targets such as <c>pod/web-0</c>, <c>node/w1</c> or <c>link/lan</c> name. What exists is handed
/// in; nothing is asked of an API server, so it works while the control plane is down.
/// </summary>
public sealed class TapResolver(ClusterPaths paths, LabTopology topology, IReadOnlyList<PodNetNsName> pods, Func<string, IReadOnlyList<string>> devicesOf)
{
    private const string PodDevice = "eth0";
    private readonly Addressing _addressing = new(topology);

    private IEnumerable<string> Machines => topology.Nodes.Select(node => node.Name).Concat(topology.Routers);

    /// <summary>For a cluster of this machine, as it is now.</summary>
    public static TapResolver For(ClusterPaths paths)
    {
        var (topology, _) = ClusterFiles.Read(paths) ?? throw new ClusterException($"there is no cluster {paths.Name}; podnet up --name {paths.Name} builds one");
        var agents = topology.Agents.Select(node => node.Name).ToHashSet();
        var pods = paths.NetNamespaces().Select(path => PodNetNsName.Parse(paths.Name, Path.GetFileName(path)))
            .OfType<PodNetNsName>().Where(pod => agents.Contains(pod.Node)).ToList();
        return new TapResolver(paths, topology, pods, Devices);
    }

    /// <summary>
    /// Splits words into targets, which come first, and the words after them. A word without <c>pod/</c>, <c>node/</c> or
    /// <c>link/</c> is a target as long as something has that name.
    /// </summary>
    public (IReadOnlyList<TapPoint> Points, IReadOnlyList<string> Others) Split(IReadOnlyList<string> words)
    {
        var points = new List<TapPoint>();
        var taken = 0;
        while (taken < words.Count && TryTarget(words[taken], out var found))
        {
            points.AddRange(found);
            taken++;
        }

        if (taken == 0)
            throw new ClusterException($"target {(words.Count == 0 ? "missing" : $"\"{words[0]}\" is unknown")}: {Existing()}");
        // A target may repeat what another one covers. Outer devices first: at the same instant that is the way of a packet.
        return (points.DistinctBy(point => (point.NetNs, point.Device)).OrderBy(point => point.Depth).ToList(), words.Skip(taken).ToList());
    }

    private bool TryTarget(string word, out IReadOnlyList<TapPoint> points)
    {
        var parts = word.Split('/');
        points = parts switch
        {
            ["pod", var pod] => Pod(word, PodsNamed(pod)),
            ["pod", var space, var pod] => Pod(word, PodsNamed(space, pod)),
            ["node", var node] => Node(node),
            ["node", var node, var device] => [Device(node, device)],
            ["link", var link] => [Link(link)],
            _ => Bare(word, parts),
        };
        return points.Count > 0;
    }

    private IReadOnlyList<TapPoint> Bare(string word, string[] parts)
    {
        var found = new List<(string Full, Func<IReadOnlyList<TapPoint>> Points)>();
        if (parts is [var name])
        {
            if (Machines.Contains(name))
                found.Add(($"node/{name}", () => Node(name)));
            if (topology.Links.Any(link => link.Name == name))
                found.Add(($"link/{name}", () => [Link(name)]));
            found.AddRange(Choices(PodsNamed(name)));
        }
        else if (parts is [var first, var second])
        {
            if (Machines.Contains(first))
                found.Add(($"node/{word}", () => [Device(first, second)]));
            found.AddRange(Choices(PodsNamed(first, second)));
        }

        return found.Count > 1
            ? throw new ClusterException($"target \"{word}\" is ambiguous: write {string.Join(" or ", found.Select(one => one.Full))}")
            : found.Count == 1 ? found[0].Points() : [];
    }

    private IEnumerable<(string Full, Func<IReadOnlyList<TapPoint>> Points)> Choices(IReadOnlyList<PodNetNsName> named) =>
        named.GroupBy(pod => $"pod/{pod.Namespace}/{pod.Pod}").Select(same => (same.Key, (Func<IReadOnlyList<TapPoint>>)(() => Pod(same.Key, [.. same]))));

    private List<PodNetNsName> PodsNamed(string name) => pods.Where(pod => pod.Pod == name).ToList();

    private List<PodNetNsName> PodsNamed(string space, string name) => pods.Where(pod => pod.Namespace == space && pod.Pod == name).ToList();

    private List<TapPoint> Pod(string target, IReadOnlyList<PodNetNsName> named)
    {
        if (named.Count == 0)
            throw new ClusterException($"target \"{target}\": no pod with a network of its own has that name; {Existing()}");
        var spaces = named.Select(pod => pod.Namespace).Distinct().ToList();
        if (spaces.Count > 1)
            throw new ClusterException($"target \"{target}\" is ambiguous: write {string.Join(" or ", spaces.Select(space => $"pod/{space}/{named[0].Pod}"))}");
        // A pod that is replaced under its old name is there twice for a moment.
        return named.Select(pod => new TapPoint($"{pod.Namespace}/{pod.Pod}{(named.Count > 1 ? $"~{pod.Uid}" : "")}/{PodDevice}", pod.NetNs, PodDevice,
            $"pod on {pod.Node}", TapDepth.Pod)).ToList();
    }

    private List<TapPoint> Node(string node)
    {
        CheckMachine(node);
        var points = _addressing.EndsOf(node).Select(end => Point(node, end.Device)).ToList();
        if (devicesOf(paths.NetNs(node)).Contains(TunnelOf(node)))
            points.Add(Point(node, TunnelOf(node)));
        return points;
    }

    private TapPoint Device(string node, string device)
    {
        CheckMachine(node);
        var existing = devicesOf(paths.NetNs(node));
        var full = existing.FirstOrDefault(name => name == device || Short(node, name) == device);
        return full is not null
            ? Point(node, full)
            : throw new ClusterException($"target \"node/{node}/{device}\": node {node} has no such device; it has {string.Join(", ", existing)}");
    }

    private TapPoint Link(string name)
    {
        var link = topology.Links.FirstOrDefault(link => link.Name == name)
            ?? throw new ClusterException($"target \"link/{name}\": there is no such link; {Existing()}");
        if (link.Ends.Count > 2)
            return new TapPoint(link.Name, paths.FabricNetNs, Addressing.Shorten(link.Name), $"segment {link.Subnet} between {string.Join(", ", link.Ends)}", TapDepth.Link);
        // A cable has nothing between its ends: what one end sends the other receives.
        var end = _addressing.EndsOf(link.Ends[0]).First(end => end.Link == link);
        return new TapPoint(link.Name, paths.NetNs(end.Machine), end.Device, $"cable {link.Subnet} between {string.Join(" and ", link.Ends)}, at {end.Machine}", TapDepth.Link);
    }

    private TapPoint Point(string node, string device)
    {
        var end = _addressing.EndsOf(node).FirstOrDefault(end => end.Device == device);
        var description = end is not null ? $"underlay of {node} on {end.Link.Name}, {end.Address}" : device == TunnelOf(node) ? $"VXLAN device of {node}" : $"{device} of {node}";
        return new TapPoint($"{node}/{Short(node, device)}", paths.NetNs(node), device, description,
            end is not null ? TapDepth.Node : device == TunnelOf(node) ? TapDepth.Tunnel : TapDepth.Pod);
    }

    private void CheckMachine(string node)
    {
        if (!Machines.Contains(node))
            throw new ClusterException($"target \"node/{node}\": there is no such node; {Existing()}");
    }

    private string Existing()
    {
        const int most = 20;
        var all = Machines.Select(name => $"node/{name}").Concat(topology.Links.Select(link => $"link/{link.Name}"))
            .Concat(pods.Select(pod => $"pod/{pod.Namespace}/{pod.Pod}").Distinct().Order(StringComparer.Ordinal)).ToList();
        return $"cluster {paths.Name} has {string.Join(", ", all.Take(most))}{(all.Count > most ? $" and {all.Count - most} more" : "")}";
    }

    private static string TunnelOf(string node) => $"{node}-vx";

    private static string Short(string node, string device) => device == TunnelOf(node) ? "vxlan"
        : device.StartsWith($"{node}-", StringComparison.Ordinal) ? device[(node.Length + 1)..] : device;

    private static IReadOnlyList<string> Devices(string netNs)
    {
        using var socket = Netlink.RouteSocket.Open(netNs);
        return socket.Links().Select(link => link.Name).ToList();
    }
}
