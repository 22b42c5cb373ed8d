using System.Net;
using YamlDotNet.RepresentationModel;

namespace Network.Labs.Topology;

/// <summary>
/// Reads a topology file and refuses what cannot work, with file, line and fix. Addresses need not be written: links get
/// subnets, machines get addresses in the order a link lists them.
/// </summary>
public sealed class TopologyFile : YamlFile
{
    private static readonly string[] s_rootKeys = ["name", "podCIDR", "serviceCIDR", "nodes", "routers", "links"];
    private static readonly string[] s_nodeKeys = ["name", "role", "podCIDR"];
    private static readonly string[] s_routerKeys = ["name", "kind", "asn", "loopback"];
    private static readonly string[] s_linkKeys = ["name", "subnet", "mtu", "ends"];

    private TopologyFile(string file)
        : base(file)
    {
    }

    public static LabTopology Read(string path) => Parse(path, System.IO.File.ReadAllText(path));

    public static LabTopology Parse(string file, string text)
    {
        var topology = new TopologyFile(file);
        return topology.Root(topology.Load(text, "topology", "nodes and links"));
    }

    private LabTopology Root(YamlMappingNode root)
    {
        CheckKeys(root, "topology", s_rootKeys);
        var nodes = Items(root, "nodes").Select(Node).ToList();
        var routers = Items(root, "routers").Select(Router).ToList();
        CheckNames(nodes.Select(node => (node.Value.Name, node.Line)).Concat(routers.Select(router => (router.Name, router.Line))));
        var machines = nodes.Select(node => node.Value.Name).Concat(routers.Select(router => router.Name)).ToHashSet();
        var links = Items(root, "links").Select((item, index) => Link(item, index, machines)).ToList();
        var topology = new LabTopology(Find(root, "name") is { } name ? Text(name, "name") : "podnet", nodes.Select(node => node.Value).ToList(),
            routers.Select(router => router.Name).ToList(), links.Select(link => link.Value).ToList())
        {
            PodCidr = Cidr(root, "podCIDR") ?? LabTopology.DefaultPodCidr,
            ServiceCidr = Cidr(root, "serviceCIDR") ?? LabTopology.DefaultServiceCidr,
            Bgp = routers.Select(router => router.Bgp).OfType<BgpRouter>().ToList(),
        };
        CheckWhole(root, topology, nodes, links);
        CheckBgp(topology, routers);
        foreach (var (router, line, _) in routers)
        {
            if (!topology.Links.Any(link => link.Ends.Contains(router)))
                throw new TopologyException(File, line, $"router {router}: is on no link", "add it to the ends of a link");
        }

        new TopologyCheck(File, topology).Run(key => LineOf(root, key), links.Select(link => link.Line).ToList(), nodes.Select(node => node.Line).ToList());
        return topology;
    }

    private (LabNode Value, long Line) Node(YamlNode item)
    {
        var map = Mapping(item, "node");
        CheckKeys(map, "node", s_nodeKeys);
        var name = Required(map, "node", "name");
        var role = Find(map, "role") is { } text ? Text(text, "role") : "agent";
        var parsed = role switch
        {
            "server" => NodeRole.Server,
            "agent" => NodeRole.Agent,
            _ => throw new TopologyException(File, map.Start.Line, $"node {name}: role \"{role}\" is unknown", "use server or agent"),
        };
        return (new LabNode(name, parsed) { PodCidr = Cidr(map, "podCIDR") }, map.Start.Line);
    }

    // A name alone is a router with fixed routes.
    private (string Name, long Line, BgpRouter? Bgp) Router(YamlNode item, int index)
    {
        if (item is not YamlMappingNode map)
            return (Text(item, "router"), item.Start.Line, null);
        CheckKeys(map, "router", s_routerKeys);
        var name = Required(map, "router", "name");
        var kind = Find(map, "kind") is { } text ? Text(text, "kind") : Find(map, "asn") is null ? "static" : "bgp";
        if (kind is not ("static" or "bgp"))
            throw new TopologyException(File, map.Start.Line, $"router {name}: kind \"{kind}\" is unknown", "use static or bgp");
        if (kind == "static")
        {
            return Find(map, "asn") is null && Find(map, "loopback") is null
                ? (name, map.Start.Line, null)
                : throw new TopologyException(File, map.Start.Line, $"router {name}: asn and loopback are BGP's, and its kind is static", "write kind: bgp, or remove them");
        }

        // From the first of the private numbers (RFC 6996) on, in the order of the file.
        var asn = 64512u + (uint)index;
        if (Find(map, "asn") is { } number && (!uint.TryParse(Text(number, "asn"), out asn) || asn is 0 or 23456 or uint.MaxValue))
            throw new TopologyException(File, number.Start.Line, $"router {name}: asn \"{Text(number, "asn")}\" is no number of an autonomous system", "use 1 to 4294967294, private ones are 64512 to 65534 (RFC 6996)");
        var loopback = new IPAddress([172, 31, 255, (byte)(index + 1)]);
        if (Find(map, "loopback") is { } address && !(IPAddress.TryParse(Text(address, "loopback"), out loopback!)
            && loopback.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && loopback.ToString() == Text(address, "loopback")))
            throw new TopologyException(File, address.Start.Line, $"router {name}: loopback \"{Text(address, "loopback")}\" is not an IPv4 address", "write one address, such as 172.31.255.1");
        return (name, map.Start.Line, new BgpRouter(name, asn, loopback));
    }

    private void CheckBgp(LabTopology topology, List<(string Name, long Line, BgpRouter? Bgp)> routers)
    {
        // Fixed routes would have to be told to BGP and back; no lab needs that.
        if (topology.Bgp.Count > 0 && routers.FirstOrDefault(router => router.Bgp is null) is { Name: { } fixedRoutes, Line: var at })
            throw new TopologyException(File, at, $"router {fixedRoutes} has fixed routes beside routers that speak BGP", "give it kind: bgp, or none of them");
        foreach (var (name, line, bgp) in routers.Where(router => router.Bgp is not null))
        {
            if (topology.Bgp.FirstOrDefault(other => other != bgp && other.Asn == bgp!.Asn) is { } same && topology.Links.Any(link => link.Ends.Contains(name) && link.Ends.Contains(same.Name)))
                throw new TopologyException(File, line, $"routers {name} and {same.Name} are neighbours in one autonomous system {bgp!.Asn}", "give neighbours numbers of their own: sessions are external (eBGP)");
            var loopback = bgp!.Loopback;
            if (topology.Bgp.Any(other => other != bgp && other.Loopback.Equals(loopback)) || topology.Links.Any(link => link.Subnet.Contains(loopback))
                || topology.PodCidr.Contains(loopback) || topology.ServiceCidr.Contains(loopback))
                throw new TopologyException(File, line, $"router {name}: its loopback {loopback} is another's, or within a range of the lab", "choose an address nothing else has");
        }
    }

    private (LabLink Value, long Line) Link(YamlNode item, int index, HashSet<string> machines)
    {
        var map = Mapping(item, "link");
        CheckKeys(map, "link", s_linkKeys);
        var name = Required(map, "link", "name");
        var mtu = LabTopology.DefaultMtu;
        if (Find(map, "mtu") is { } text && (!int.TryParse(Text(text, "mtu"), out mtu) || mtu is < 576 or > 65535))
            throw new TopologyException(File, text.Start.Line, $"link {name}: mtu {Text(text, "mtu")} is out of range", "use 576 (the least IPv4 must carry, RFC 791) to 65535");
        var ends = Items(map, "ends").Select(end => Text(end, "end")).ToList();
        if (ends.Count < 2)
            throw new TopologyException(File, map.Start.Line, $"link {name}: has {ends.Count} ends", "list at least two machines under ends");
        if (ends.FirstOrDefault(end => !machines.Contains(end)) is { } stranger)
            throw new TopologyException(File, map.Start.Line, $"link {name}: end \"{stranger}\" is no node or router", "declare it under nodes or routers");
        if (ends.GroupBy(end => end).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new TopologyException(File, map.Start.Line, $"link {name}: end \"{twice.Key}\" is listed twice", "list each machine once");
        var subnet = Cidr(map, "subnet") ?? IPNetwork.Parse($"172.30.{index}.0/24");
        if ((1L << (32 - subnet.PrefixLength)) - 2 < ends.Count)
            throw new TopologyException(File, map.Start.Line, $"link {name}: subnet {subnet} is too small for {ends.Count} ends", "use a shorter prefix");
        return (new LabLink(name, subnet, mtu, ends), map.Start.Line);
    }

    private void CheckWhole(YamlMappingNode root, LabTopology topology, List<(LabNode Value, long Line)> nodes, List<(LabLink Value, long Line)> links)
    {
        if (topology.Nodes.Count(node => node.Role == NodeRole.Server) != 1)
            throw new TopologyException(File, root.Start.Line, "a lab needs exactly one node with role server", "give one node role: server");
        if (links.GroupBy(link => link.Value.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new TopologyException(File, twice.Last().Line, $"link name {twice.Key} is used twice", "give every link its own name");
        foreach (var (node, line) in nodes)
        {
            if (!topology.Links.Any(link => link.Ends.Contains(node.Name)))
                throw new TopologyException(File, line, $"node {node.Name}: is on no link", "add it to the ends of a link");
        }

        var ranges = new List<(string What, IPNetwork Range, long Line)>
        {
            ("podCIDR", topology.PodCidr, LineOf(root, "podCIDR")),
            ("serviceCIDR", topology.ServiceCidr, LineOf(root, "serviceCIDR")),
        };
        ranges.AddRange(links.Select(link => ($"link {link.Value.Name} subnet", link.Value.Subnet, link.Line)));
        CheckOverlap(ranges);
        var own = nodes.Where(node => node.Value.PodCidr is not null)
            .Select(node => ($"node {node.Value.Name} podCIDR", node.Value.PodCidr!.Value, node.Line)).ToList();
        CheckOverlap(own);
        foreach (var (what, range, line) in own)
        {
            if (!topology.PodCidr.Contains(range.BaseAddress) || range.PrefixLength <= topology.PodCidr.PrefixLength)
                throw new TopologyException(File, line, $"{what} {range} is not within podCIDR {topology.PodCidr}", "choose a part of podCIDR");
        }
    }

    private void CheckOverlap(List<(string What, IPNetwork Range, long Line)> ranges)
    {
        for (var i = 0; i < ranges.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (ranges[i].Range.Contains(ranges[j].Range.BaseAddress) || ranges[j].Range.Contains(ranges[i].Range.BaseAddress))
                    throw new TopologyException(File, Math.Max(ranges[i].Line, ranges[j].Line),
                        $"{ranges[i].What} {ranges[i].Range} overlaps {ranges[j].What} {ranges[j].Range}", "choose ranges that do not overlap");
            }
        }
    }

    private void CheckNames(IEnumerable<(string Name, long Line)> names)
    {
        var seen = new HashSet<string>();
        foreach (var (name, line) in names)
        {
            // The name becomes part of device names, of which the kernel allows 15 characters.
            if (name.Length is 0 or > 10 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || name[0] == '-' || name[^1] == '-')
                throw new TopologyException(File, line, $"name \"{name}\" is not usable", "use 1 to 10 lower-case letters, digits and inner dashes");
            if (!seen.Add(name))
                throw new TopologyException(File, line, $"name {name} is used twice", "give every node and router its own name");
        }
    }

    private IPNetwork? Cidr(YamlMappingNode map, string key)
    {
        if (Find(map, key) is not { } node)
            return null;
        // The runtime silently masks host bits away; whoever wrote them meant something else.
        return IPNetwork.TryParse(Text(node, key), out var cidr) && cidr.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            && cidr.ToString() == Text(node, key)
            ? cidr
            : throw new TopologyException(File, node.Start.Line, $"{key} \"{Text(node, key)}\" is not an IPv4 range", "write address/prefix with the host bits zero, such as 10.244.0.0/16");
    }
}
