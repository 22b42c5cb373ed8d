using System.Net;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;
using Network.Netlink;

namespace Network.Diagnosis.Analyzers;

/// <summary>The tunnel of each node, and what each knows of every other: route, neighbour, forwarding entry.</summary>
internal sealed class OverlayAnalyzer : IAnalyzer
{
    private const int UsualVni = 1, UsualPort = 4789;

    public IEnumerable<Finding> Look(ClusterView view)
    {
        var ends = view.Nodes.Where(node => node.PodCidrs.Count > 0).Select(node => new End(node, view.MachineOf(node.Name))).Where(end => end.Machine is not null).ToList();
        var findings = new List<Finding>();
        var odd = new HashSet<string>();
        foreach (var end in ends.Where(end => end.Node.Tunnel?.Mac is not null && end.Device is not { IsUp: true }))
            findings.Add(new Finding(Kinds.TunnelDown, end.Node.Name, end.Device?.Name ?? "tunnel", $"{end.Node.Name} has published a tunnel, but its device is {(end.Device is null ? "missing" : "down")}", "the overlay daemon makes it: is it running? ip link set it up") { Needs = [end.Node.Name, "tunnel"] });
        var tunnels = ends.Where(end => end.Device is { IsUp: true }).ToList();
        findings.AddRange(Differing(tunnels, end => end.Device!.Vxlan!.Vni, UsualVni, (Kinds.VniDiffers, "VNI", "vni"), odd));
        findings.AddRange(Differing(tunnels, end => end.Device!.Vxlan!.Port, UsualPort, (Kinds.PortDiffers, "UDP port", "port"), odd));
        findings.AddRange(SharedMacs(tunnels));
        findings.AddRange(Overlaps(view));
        foreach (var from in tunnels.Where(end => !odd.Contains(end.Node.Name)))
        {
            foreach (var to in ends.Where(to => to != from && !odd.Contains(to.Node.Name)))
                findings.AddRange(Pair(from, to));
        }

        return findings;
    }

    // The many are right; where there are as many of each, the usual value is.
    private static IEnumerable<Finding> Differing(List<End> ends, Func<End, int> value, int usual, (FindingKind Kind, string Name, string Option) what, HashSet<string> odd)
    {
        var groups = ends.GroupBy(value).OrderByDescending(group => group.Count()).ThenByDescending(group => group.Key == usual).ToList();
        foreach (var end in groups.Skip(1).SelectMany(group => group))
        {
            odd.Add(end.Node.Name);
            yield return new Finding(what.Kind, end.Node.Name, end.Device!.Name, $"the tunnel {end.Device.Name} of {end.Node.Name} has {what.Name} {value(end)}, the others have {groups[0].Key}",
                $"start its overlay with --{what.Option} {groups[0].Key}") { Needs = [end.Node.Name, "tunnel"], Look = $"ip -d link show {end.Device.Name}" };
        }
    }

    private static IEnumerable<Finding> SharedMacs(List<End> ends) =>
        from shared in ends.Where(end => end.Device!.Mac is not null).GroupBy(end => end.Device!.Mac)
        where shared.Count() > 1
        from end in shared
        let others = string.Join(", ", shared.Where(other => other != end).Select(other => other.Node.Name))
        select new Finding(Kinds.TunnelMacShared, end.Node.Name, end.Device!.Name, $"the tunnels of {end.Node.Name} and {others} have one MAC, {shared.Key}",
            "delete one of the devices; its overlay daemon makes it anew with a MAC of its own") { Needs = [end.Node.Name, "tunnel"] };

    private static IEnumerable<Finding> Overlaps(ClusterView view)
    {
        var ranges = view.Nodes.SelectMany(node => node.PodCidrs.Select(range => (Who: node.Name, Range: range))).ToList();
        for (var i = 0; i < ranges.Count; i++)
        {
            foreach (var (who, range) in ranges.Skip(i + 1).Where(other => other.Who != ranges[i].Who && Overlap(other.Range, ranges[i].Range)))
            {
                foreach (var one in (string[])[ranges[i].Who, who])
                    yield return new Finding(Kinds.PodRangesOverlap, one, $"node/{one}", $"the pods of {ranges[i].Who} ({ranges[i].Range}) and of {who} ({range}) have addresses in common", "give one of the nodes another podCIDR: drain it, delete the Node object, and start its agent again") { Needs = [one] };
            }

            if (view.ServiceCidr is { } services && Overlap(services, ranges[i].Range))
                yield return new Finding(Kinds.PodRangesOverlap, ranges[i].Who, $"node/{ranges[i].Who}", $"the pods of {ranges[i].Who} ({ranges[i].Range}) and the services ({services}) have addresses in common", "choose another --cluster-cidr or --service-cidr") { Needs = [ranges[i].Who] };
        }
    }

    private static bool Overlap(IPNetwork a, IPNetwork b) => a.BaseAddress.AddressFamily == b.BaseAddress.AddressFamily && (a.Contains(b.BaseAddress) || b.Contains(a.BaseAddress));

    private static IEnumerable<Finding> Pair(End from, End to)
    {
        string[] needs = [from.Node.Name, to.Node.Name];
        var device = from.Device!;
        foreach (var range in to.Node.PodCidrs)
        {
            if (from.Machine!.Routes.Where(route => route.Destination.Equals(range)).OrderBy(route => route.Priority).FirstOrDefault() is not { IsUnicast: true } route)
            {
                yield return new Finding(Kinds.PodRouteMissing, from.Node.Name, range.ToString(), $"{from.Node.Name} has no route to the pods of {to.Node.Name} ({range})", "podnet overlay repair on the node; its overlay daemon keeps them") { Needs = needs, Look = $"ip route show {range}" };
                continue;
            }

            // Without a tunnel in between there is nothing further to know.
            if (route.LinkIndex != device.Index || to.Device is null || to.Node.Address is null)
                continue;
            foreach (var finding in Entries(from, to, route, needs))
                yield return finding;
        }
    }

    private static IEnumerable<Finding> Entries(End from, End to, Route route, string[] needs)
    {
        var (device, mac) = (from.Device!, to.Device!.Mac!.Value);
        var gateway = route.Gateway ?? route.Destination.BaseAddress;
        var neighbour = from.Machine!.Neighbours.FirstOrDefault(entry => entry.LinkIndex == device.Index && entry.Address.Equals(gateway));
        var look = $"ip neigh show dev {device.Name}; bridge fdb show dev {device.Name}";
        if (neighbour?.Mac is not { } known)
            yield return new Finding(Kinds.NeighbourMissing, from.Node.Name, device.Name, $"{from.Node.Name} does not know the MAC of {gateway}, the tunnel of {to.Node.Name} (it is {mac})", "podnet overlay repair on the node") { Needs = needs, Look = look };
        else if (!known.Equals(mac))
            yield return new Finding(Kinds.NeighbourStale, from.Node.Name, device.Name, $"{from.Node.Name} takes {known} for the tunnel of {to.Node.Name}, which has {mac}", "podnet overlay repair on the node") { Needs = needs, Look = look };
        var entries = from.Machine.Fdb.Where(entry => entry.LinkIndex == device.Index && entry.Mac.Equals(mac) && entry.Remote is not null).ToList();
        if (entries.Count == 0)
            yield return new Finding(Kinds.ForwardingMissing, from.Node.Name, device.Name, $"{from.Node.Name} does not know which node has {mac}, the tunnel of {to.Node.Name}", "podnet overlay repair on the node") { Needs = needs, Look = look };
        else if (!entries.Any(entry => to.Machine!.Has(entry.Remote!)))
            yield return new Finding(Kinds.ForwardingStale, from.Node.Name, device.Name, $"{from.Node.Name} sends to {to.Node.Name} by {entries[0].Remote}, but that node has {to.Node.Address}", "podnet overlay repair on the node") { Needs = needs, Look = look };
    }

    private sealed record End(NodeFacts Node, MachineFacts? Machine)
    {
        internal Link? Device => Machine?.Tunnel;
    }
}
