using System.Net;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Trace;

namespace Network.Diagnosis.Explain;

/// <summary>Finds ways. Pure.</summary>
public static class WayFinder
{
    /// <param name="to">A pod's, a machine's, or an outside address; not a service's.</param>
    public static Way Find(ClusterView view, Origin from, IPAddress to)
    {
        var points = new List<Waypoint>();
        var names = new HashSet<string> { from.Machine.Name, "forwarding" };
        var target = view.PodAt(to);
        if (from.Pod is { } pod)
        {
            names.Add(pod.Id);
            points.Add(new Waypoint(pod.Id, "eth0", PacketEventKind.Sent, "pod"));
            if (Cable(view, pod) is { } cable)
                points.Add(new Waypoint(pod.Node, cable, PacketEventKind.Received, "cable"));
        }

        if (target is { Network: not null })
            return ToPod(view, from, target, to, points, names);
        names.Add(view.OwnerOf(to) is { } owner && view.Nodes.Any(node => node.Name == owner.Name) ? "node" : "outside");
        return Done(points, names, Underlay(view, from.Machine, to, points, names));
    }

    private static Way ToPod(ClusterView view, Origin from, PodFacts target, IPAddress to, List<Waypoint> points, HashSet<string> names)
    {
        names.Add(target.Id);
        names.Add(target.Node);
        string? fault = null;
        if (target == from.Pod)
            names.Add("hairpin");
        if (target.Node == from.Machine.Name)
        {
            if (from.Pod is not null)
                names.Add("bridged");
        }
        else
        {
            fault = ToNode(view, from.Machine, target, to, points, names);
        }

        if (Cable(view, target) is { } cable)
            points.Add(new Waypoint(target.Node, cable, PacketEventKind.Sent, "cable"));
        points.Add(new Waypoint(target.Id, "eth0", PacketEventKind.Received, "pod"));
        return Done(points, names, fault);
    }

    private static string? ToNode(ClusterView view, MachineFacts from, PodFacts target, IPAddress to, List<Waypoint> points, HashSet<string> names)
    {
        var node = view.Nodes.FirstOrDefault(node => node.Name == target.Node);
        var machine = view.MachineOf(target.Node);
        var route = from.RouteTo(to);
        var device = route is null ? null : from.LinkOf(route.LinkIndex);
        // Without its route a packet takes the default one, or none; what is meant is the tunnel, where there is one.
        var tunnel = device is { Vxlan: not null } || (node?.Tunnel?.Mac is not null && (route is null || route.Destination.PrefixLength == 0)) ? from.Tunnel ?? device : null;
        if (tunnel is not null)
        {
            names.Add("tunnel");
            points.Add(new Waypoint(from.Name, tunnel.Name, PacketEventKind.Sent, "tunnel"));
        }

        var fault = node?.Address is null ? $"node {target.Node} has no address" : Underlay(view, from, tunnel is null && route?.Gateway is null ? to : node.Address, points, names);
        if (tunnel is not null && machine?.Tunnel is { } far)
            points.Add(new Waypoint(target.Node, far.Name, PacketEventKind.Received, "tunnel"));
        return route is null ? $"{from.Name} has no route to {to}" : fault;
    }

    private static string? Underlay(ClusterView view, MachineFacts from, IPAddress to, List<Waypoint> points, HashSet<string> names)
    {
        var walk = UnderlayWalk.Of(view, from, to);
        foreach (var step in walk.Steps)
        {
            points.Add(new Waypoint(step.From.Name, step.Out.Name, PacketEventKind.Sent, "underlay"));
            points.Add(new Waypoint(step.To.Name, step.In.Name, PacketEventKind.Received, "underlay"));
            names.Add(step.To.Name);
        }

        return walk.Stop is null ? null : walk.Why;
    }

    // The end on the node of the cable to the pod.
    private static string? Cable(ClusterView view, PodFacts pod) => pod.Network?.LinkOf("eth0") is { ParentIndex: > 0 } device ? view.MachineOf(pod.Node)?.LinkOf(device.ParentIndex)?.Name : null;

    private static Way Done(List<Waypoint> points, HashSet<string> names, string? fault) => new(points, names, fault);
}
