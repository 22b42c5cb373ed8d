using Network.Diagnosis.Explain;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;

namespace Network.Diagnosis.Analyzers;

/// <summary>Sizes: of pods against their tunnel, of the tunnel against the way between the nodes.</summary>
internal sealed class MtuAnalyzer : IAnalyzer
{
    // Outer Ethernet is not counted by the devices' MTU: IPv4 20, UDP 8, VXLAN 8, inner Ethernet 14.
    private const int Encapsulation = 50;

    public IEnumerable<Finding> Look(ClusterView view)
    {
        foreach (var pod in view.NetworkedPods)
        {
            if (pod.Network?.LinkOf("eth0") is not { } device || view.MachineOf(pod.Node)?.Tunnel is not { } tunnel || device.Mtu <= tunnel.Mtu)
                continue;
            yield return new Finding(Kinds.PodMtuTooLarge, pod.Node, pod.Id, $"{pod.Id} sends packets of up to {device.Mtu} bytes, the tunnel of {pod.Node} carries {tunnel.Mtu}: only what path MTU discovery tells it keeps it from losing them",
                "delete the pod, so that it gets the tunnel's MTU; mtu in the CNI configuration") { Needs = [pod.Id, "tunnel"], Look = "ip link show eth0 in the pod, and the VXLAN device on the node" };
        }

        var nodes = view.Nodes.Where(node => node.Address is not null && view.MachineOf(node.Name)?.Tunnel is not null).ToList();
        foreach (var from in nodes)
        {
            var machine = view.MachineOf(from.Name)!;
            foreach (var to in nodes.Where(to => to != from))
            {
                var walk = UnderlayWalk.Of(view, machine, to.Address!);
                // A route with an MTU of its own keeps the pods' packets small enough.
                var carried = to.PodCidrs.Select(range => machine.Routes.FirstOrDefault(route => route.Destination.Equals(range))?.Mtu ?? 0).Where(mtu => mtu > 0).DefaultIfEmpty((uint)machine.Tunnel!.Mtu).Max();
                if (walk.Stop is not null || walk.Mtu == 0 || carried + Encapsulation <= walk.Mtu)
                    continue;
                var narrow = walk.Steps.First(step => Math.Min(step.Out.Mtu, step.In.Mtu) == walk.Mtu);
                yield return new Finding(Kinds.OuterFragments, narrow.From.Name, narrow.Out.Name, $"the tunnel from {from.Name} to {to.Name} makes packets of up to {carried + Encapsulation} bytes, {narrow.Out.Name} of {narrow.From.Name} carries {walk.Mtu}: they are sent in pieces, or lost where pieces are",
                    $"a larger MTU there, or start the overlay with a smaller one: {walk.Mtu - Encapsulation}") { Needs = [from.Name, to.Name, "tunnel"] };
            }
        }
    }
}
