using System.Net;
using Network.Diagnosis.Explain;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;
using Network.Netlink;

namespace Network.Diagnosis.Analyzers;

/// <summary>The machines between: links, routes, forwarding, reverse path filters.</summary>
internal sealed class UnderlayAnalyzer : IAnalyzer
{
    public IEnumerable<Finding> Look(ClusterView view)
    {
        var findings = view.Machines.SelectMany(machine => Machine(view, machine)).Concat(LinkMtus(view)).ToList();
        var nodes = view.Nodes.Where(node => node.Address is not null && view.MachineOf(node.Name) is not null).ToList();
        foreach (var from in nodes)
        {
            foreach (var to in nodes.Where(to => to != from))
                findings.AddRange(Way(view, from, to));
        }

        return findings;
    }

    private static IEnumerable<Finding> Machine(ClusterView view, MachineFacts machine)
    {
        var runsPods = view.Nodes.Any(node => node.Name == machine.Name && node.PodCidrs.Count > 0);
        if ((machine.IsRouter || runsPods) && machine.Setting("net/ipv4/ip_forward") == 0)
            yield return new Finding(Kinds.ForwardingOff, machine.Name, "net.ipv4.ip_forward", $"{machine.Name} does not forward packets: net.ipv4.ip_forward is 0", "sysctl -w net.ipv4.ip_forward=1") { Needs = [machine.Name, "forwarding"] };
        foreach (var link in machine.Links.Where(link => Carries(machine, link)))
        {
            if (link is { IsUp: true, OperState: OperState.Up or OperState.Unknown })
                continue;
            yield return new Finding(Kinds.LinkDown, machine.Name, link.Name, $"{link.Name} of {machine.Name} is {(link.IsUp ? "without carrier: its other end is down" : "down")}", $"ip link set {link.Name} up, at the end that is down")
            {
                Needs = [machine.Name], Look = $"ip -n {machine.NetNs} link show {link.Name}",
            };
        }
    }

    // Devices with an address that cables of the underlay end at; not those of pods, tunnels and bridges.
    private static bool Carries(MachineFacts machine, Link link) => link.Kind is "veth" or "" && !link.IsLoopback && link.MasterIndex == 0
        && machine.Addresses.Any(address => address.LinkIndex == link.Index && address.PrefixLength < 32);

    private static IEnumerable<Finding> LinkMtus(ClusterView view)
    {
        var ends = from machine in view.Machines
                   from address in machine.Addresses
                   let link = machine.LinkOf(address.LinkIndex)
                   where link is not null && Carries(machine, link) && address.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
                   select (Segment: Base(address), machine, link);
        foreach (var segment in ends.GroupBy(end => end.Segment))
        {
            var most = segment.Max(end => end.link.Mtu);
            foreach (var (_, machine, link) in segment.Where(end => end.link.Mtu < most))
            {
                var other = segment.First(end => end.link.Mtu == most);
                yield return new Finding(Kinds.LinkMtuDiffers, machine.Name, link.Name, $"{link.Name} of {machine.Name} takes packets of {link.Mtu} bytes, {other.link.Name} of {other.machine.Name} on the same link sends up to {most}: larger ones vanish without a word",
                    $"ip link set {link.Name} mtu {most}") { Needs = [machine.Name] };
            }
        }
    }

    private static IPNetwork Base(InterfaceAddress address)
    {
        var bytes = address.Address.GetAddressBytes();
        for (var bit = address.PrefixLength; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), address.PrefixLength);
    }

    private static IEnumerable<Finding> Way(ClusterView view, NodeFacts from, NodeFacts to)
    {
        var walk = UnderlayWalk.Of(view, view.MachineOf(from.Name)!, to.Address!);
        if (walk.Stop is { } stop)
            yield return new Finding(Kinds.NoUnderlayRoute, stop.Name, to.Address!.ToString(), $"no way from {from.Name} to {to.Name}: {walk.Why}", "the route to the other node's segment: a routing daemon, or ip route add") { Needs = [from.Name, to.Name], Look = $"ip -n {stop.NetNs} route get {to.Address}" };
        foreach (var step in walk.Steps.Where(step => step.To.ReversePathFilter(step.In.Name) == 1))
        {
            if (step.To.Has(from.Address!) || step.To.RouteTo(from.Address!) is not { } back || back.LinkIndex == step.In.Index || back.NextHops.Any(hop => hop.LinkIndex == step.In.Index))
                continue;
            yield return new Finding(Kinds.ReversePath, step.To.Name, step.In.Name, $"{step.To.Name} drops what {from.Name} sends in by {step.In.Name}: it would answer {from.Address} by {step.To.LinkOf(back.LinkIndex)?.Name}, and rp_filter is strict",
                $"sysctl -w net.ipv4.conf.{step.In.Name}.rp_filter=2, or make the routes symmetric") { Needs = [from.Name, to.Name] };
        }
    }
}
