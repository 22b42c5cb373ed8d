using System.Text;

namespace Network.Labs.Topology;

/// <summary>Draws a topology: machines as they are called, links with subnet and MTU, addresses at the ends. Pure.</summary>
public static class TopologyGraph
{
    /// <summary>For Markdown pages (mermaid's flowchart).</summary>
    public static string Mermaid(LabTopology topology)
    {
        var text = new StringBuilder("graph LR\n");
        foreach (var (name, shape) in Machines(topology))
            text.Append($"  {Id(name)}{(shape == Shape.Router ? $"{{{{{name}}}}}" : shape == Shape.Server ? $"([{name}])" : $"[{name}]")}\n");
        foreach (var (link, ends) in Links(topology))
        {
            if (ends.Count == 2)
            {
                text.Append($"  {Id(ends[0].Machine)} ---|\"{Label(link)}\"| {Id(ends[1].Machine)}\n");
                continue;
            }

            text.Append($"  seg_{Id(link.Name)}((\"{Label(link)}\"))\n");
            foreach (var end in ends)
                text.Append($"  {Id(end.Machine)} ---|\"{end.Address}\"| seg_{Id(link.Name)}\n");
        }

        return text.ToString();
    }

    /// <summary>For Graphviz.</summary>
    public static string Dot(LabTopology topology)
    {
        var text = new StringBuilder($"graph \"{topology.Name}\" {{\n  rankdir=LR;\n");
        foreach (var (name, shape) in Machines(topology))
            text.Append($"  \"{name}\" [shape={(shape == Shape.Router ? "hexagon" : shape == Shape.Server ? "oval" : "box")}];\n");
        foreach (var (link, ends) in Links(topology))
        {
            if (ends.Count == 2)
            {
                text.Append($"  \"{ends[0].Machine}\" -- \"{ends[1].Machine}\" [label=\"{Label(link)}\", taillabel=\"{ends[0].Address}\", headlabel=\"{ends[1].Address}\"];\n");
                continue;
            }

            text.Append($"  \"link/{link.Name}\" [shape=circle, label=\"{Label(link)}\"];\n");
            foreach (var end in ends)
                text.Append($"  \"{end.Machine}\" -- \"link/{link.Name}\" [taillabel=\"{end.Address}\"];\n");
        }

        return text.Append("}\n").ToString();
    }

    private static IEnumerable<(string Name, Shape Shape)> Machines(LabTopology topology) =>
        topology.Nodes.Select(node => (node.Name, node.Role == NodeRole.Server ? Shape.Server : Shape.Node)).Concat(topology.Routers.Select(router => (router, Shape.Router)));

    private static IEnumerable<(LabLink Link, IReadOnlyList<LinkEnd> Ends)> Links(LabTopology topology)
    {
        var addressing = new Addressing(topology);
        return topology.Links.Select(link => (link, (IReadOnlyList<LinkEnd>)link.Ends.Select(machine => addressing.EndsOf(machine).First(end => end.Link == link)).ToList()));
    }

    private static string Label(LabLink link) => $"{link.Name} {link.Subnet}{(link.Mtu == LabTopology.DefaultMtu ? "" : $" MTU {link.Mtu}")}";

    // Dashes mean something to mermaid.
    private static string Id(string name) => name.Replace('-', '_');

    private enum Shape
    {
        Node,
        Server,
        Router,
    }
}
