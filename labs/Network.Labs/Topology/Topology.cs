using System.Net;

namespace Network.Labs.Topology;

public enum NodeRole
{
    /// <summary>Runs the control plane.</summary>
    Server,

    /// <summary>Runs pods.</summary>
    Agent,
}

/// <summary>A machine of the lab: one network namespace.</summary>
public sealed record LabNode(string Name, NodeRole Role)
{
    /// <summary>Fixed by the file; null lets the cluster assign one.</summary>
    public IPNetwork? PodCidr { get; init; }
}

/// <summary>A layer-2 segment between two or more machines. Addresses follow the order of <see cref="Ends"/>.</summary>
public sealed record LabLink(string Name, IPNetwork Subnet, int Mtu, IReadOnlyList<string> Ends);

/// <summary>A whole underlay: machines, segments and the routers between them.</summary>
public sealed record LabTopology(string Name, IReadOnlyList<LabNode> Nodes, IReadOnlyList<string> Routers, IReadOnlyList<LabLink> Links)
{
    public const int DefaultMtu = 1500;

    public static IPNetwork DefaultPodCidr { get; } = IPNetwork.Parse("10.244.0.0/16");

    public static IPNetwork DefaultServiceCidr { get; } = IPNetwork.Parse("10.96.0.0/16");

    public static IPNetwork DefaultSubnet { get; } = IPNetwork.Parse("172.30.0.0/24");

    public IPNetwork PodCidr { get; init; } = DefaultPodCidr;

    public IPNetwork ServiceCidr { get; init; } = DefaultServiceCidr;

    /// <summary>Those of the routers that speak BGP: all of them, or none.</summary>
    public IReadOnlyList<BgpRouter> Bgp { get; init; } = [];

    public LabNode Server => Nodes.First(node => node.Role == NodeRole.Server);

    public IEnumerable<LabNode> Agents => Nodes.Where(node => node.Role == NodeRole.Agent);

    /// <summary>One server <c>cp</c> and agents <c>w1..wN</c> on one segment.</summary>
    public static LabTopology Flat(string name, int agents)
    {
        var nodes = new List<LabNode> { new("cp", NodeRole.Server) };
        nodes.AddRange(Enumerable.Range(1, agents).Select(i => new LabNode($"w{i}", NodeRole.Agent)));
        return new LabTopology(name, nodes, [], [new LabLink("lan", DefaultSubnet, DefaultMtu, nodes.Select(node => node.Name).ToList())]);
    }
}
