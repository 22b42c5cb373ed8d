using System.Net;
using Network.Labs.Cluster;

namespace Network.Labs.Topology;

/// <summary>What reads well and still cannot be built, or could not do what it is for. Pure.</summary>
internal sealed class TopologyCheck(string file, LabTopology topology)
{
    // A node gets a /24 of the pods' range unless the file says otherwise.
    private const int NodePrefix = 24;

    private static readonly (IPNetwork Range, string What)[] s_notForHosts =
    [
        (IPNetwork.Parse("0.0.0.0/8"), "this network (RFC 1122)"),
        (IPNetwork.Parse("127.0.0.0/8"), "loopback (RFC 1122)"),
        (IPNetwork.Parse("169.254.0.0/16"), "link-local (RFC 3927)"),
        (IPNetwork.Parse("224.0.0.0/3"), "multicast and reserved (RFC 5771, RFC 1112)"),
    ];

    internal void Run(Func<string, long> lineOf, IReadOnlyList<long> linkLines, IReadOnlyList<long> nodeLines)
    {
        if (!ClusterPaths.IsName(topology.Name))
            throw new TopologyException(file, lineOf("name"), $"name \"{topology.Name}\" is not usable", $"use 1 to {ClusterPaths.LongestName} lower-case letters, digits and inner dashes");
        if (!topology.Agents.Any())
            throw new TopologyException(file, nodeLines[0], "no node runs pods", "add a node with role agent");
        CheckLinks(linkLines);
        CheckRange("podCIDR", topology.PodCidr, lineOf("podCIDR"));
        CheckRange("serviceCIDR", topology.ServiceCidr, lineOf("serviceCIDR"));
        if (topology.PodCidr.PrefixLength > NodePrefix || 1L << (NodePrefix - topology.PodCidr.PrefixLength) < topology.Agents.Count())
            throw new TopologyException(file, lineOf("podCIDR"), $"podCIDR {topology.PodCidr} is too small for {topology.Agents.Count()} nodes of a /{NodePrefix} each", "use a shorter prefix");
        CheckReach(nodeLines);
    }

    private void CheckLinks(IReadOnlyList<long> lines)
    {
        foreach (var (link, line) in topology.Links.Zip(lines))
        {
            // It becomes a device's name, and part of others.
            if (link.Name.Length == 0 || !link.Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || link.Name[0] == '-' || link.Name[^1] == '-')
                throw new TopologyException(file, line, $"link name \"{link.Name}\" is not usable", "use lower-case letters, digits and inner dashes");
            CheckRange($"link {link.Name}: subnet", link.Subnet, line);
        }
    }

    private void CheckRange(string what, IPNetwork range, long line)
    {
        foreach (var (taken, meaning) in s_notForHosts)
        {
            if (taken.Contains(range.BaseAddress) || range.Contains(taken.BaseAddress))
                throw new TopologyException(file, line, $"{what} {range} is for {meaning}", "use a private range: 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)");
        }
    }

    // Only routers forward: two nodes on one link with a third behind one of them is no way.
    private void CheckReach(IReadOnlyList<long> lines)
    {
        var server = topology.Server.Name;
        var reached = new HashSet<string> { server };
        var frontier = new Queue<string>([server]);
        while (frontier.TryDequeue(out var at))
        {
            foreach (var next in topology.Links.Where(link => link.Ends.Contains(at)).SelectMany(link => link.Ends).Where(reached.Add))
            {
                if (topology.Routers.Contains(next))
                    frontier.Enqueue(next);
            }
        }

        foreach (var (node, line) in topology.Nodes.Zip(lines).Where(pair => !reached.Contains(pair.First.Name)))
            throw new TopologyException(file, line, $"node {node.Name}: no way leads to the server {server}", "connect them by a link, or by links and routers");
    }
}
