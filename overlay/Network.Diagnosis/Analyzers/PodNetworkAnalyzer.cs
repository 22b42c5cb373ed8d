using System.Net;
using System.Net.Sockets;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;
using Network.Netlink;

namespace Network.Diagnosis.Analyzers;

/// <summary>Each pod's device, address and route, its cable to the node, and the node's bridge.</summary>
internal sealed class PodNetworkAnalyzer : IAnalyzer
{
    public IEnumerable<Finding> Look(ClusterView view)
    {
        foreach (var pod in view.NetworkedPods)
        {
            foreach (var finding in Pod(view, pod))
                yield return finding;
        }

        foreach (var shared in Holders(view).GroupBy(holder => holder.Address).Where(group => group.Select(holder => holder.Pod.Id).Distinct().Count() > 1))
        {
            var names = shared.Select(holder => holder.Pod.Id).Distinct().Order(StringComparer.Ordinal).ToList();
            foreach (var pod in shared.Select(holder => holder.Pod).DistinctBy(pod => pod.Id))
                yield return new Finding(Kinds.PodAddressShared, pod.Node, pod.Id, $"{string.Join(" and ", names)} both have {shared.Key}", "delete the pod that took it; podnet-cni gives each address once, so somebody set it by hand or two address stores are in use")
                {
                    Needs = [pod.Id],
                };
        }

        foreach (var node in view.Nodes)
        {
            if (view.MachineOf(node.Name) is { } machine && machine.Setting("net/bridge/bridge-nf-call-iptables") == 0)
                yield return new Finding(Kinds.BridgeNetfilterOff, node.Name, "net.bridge.bridge-nf-call-iptables", $"on {node.Name} bridged packets pass the rules by: the answer of a pod to another of the same node keeps its own address instead of the service's",
                    "sysctl -w net.bridge.bridge-nf-call-iptables=1 (the proxy and the overlay set it when they start)") { Needs = [node.Name, "bridged", "service"] };
        }
    }

    // What the kernels have counts as much as what the API server was told.
    private static IEnumerable<(IPAddress Address, PodFacts Pod)> Holders(ClusterView view) => view.NetworkedPods.Where(pod => !pod.Terminating)
        .SelectMany(pod => (pod.Network is { } network ? Own(network) : pod.Addresses).Select(address => (address, pod)));

    private static IEnumerable<IPAddress> Own(MachineFacts network) => network.Addresses
        .Where(address => network.LinkOf(address.LinkIndex) is { IsLoopback: false } && !address.Address.IsIPv6LinkLocal).Select(address => address.Address);

    private static IEnumerable<Finding> Pod(ClusterView view, PodFacts pod)
    {
        if (pod.Network is not { } network)
            yield break;
        var device = network.LinkOf("eth0");
        if (device is not { IsUp: true, OperState: OperState.Up or OperState.Unknown })
        {
            yield return new Finding(Kinds.PodDeviceDown, pod.Id, "eth0", $"eth0 of {pod.Id} is {(device is null ? "missing" : device.IsUp ? "without carrier: its other end on the node is down" : "down")}",
                "delete the pod, so that its network is made anew") { Needs = [pod.Id], Look = $"ip -n {network.NetNs} link" };
            yield break;
        }

        foreach (var address in pod.Addresses.Where(address => !network.Has(address)))
            yield return new Finding(Kinds.PodAddressDiffers, pod.Id, "eth0", $"the API server has {address} for {pod.Id}, but eth0 has {string.Join(", ", Own(network))}", "delete the pod, so that its network is made anew") { Needs = [pod.Id] };
        foreach (var family in pod.Addresses.Select(address => address.AddressFamily).Distinct())
        {
            if (!network.Routes.Any(route => route.Destination.BaseAddress.AddressFamily == family && route.Destination.PrefixLength == 0))
                yield return new Finding(Kinds.PodNoRoute, pod.Id, "default route", $"{pod.Id} has no default route{(family == AddressFamily.InterNetworkV6 ? " (IPv6)" : "")}", "delete the pod, so that its network is made anew")
                {
                    Needs = [pod.Id], Look = $"ip -n {network.NetNs} route",
                };
        }

        if (view.MachineOf(pod.Node)?.LinkOf(device.ParentIndex) is { Hairpin: false } port)
            yield return new Finding(Kinds.HairpinOff, pod.Node, port.Name, $"the bridge's port {port.Name} of {pod.Id} has hairpin off: the pod cannot reach itself through a service",
                $"bridge link set dev {port.Name} hairpin on (hairpinMode in the CNI configuration)") { Needs = [pod.Id, "hairpin"], Look = "bridge -d link show" };
    }
}
