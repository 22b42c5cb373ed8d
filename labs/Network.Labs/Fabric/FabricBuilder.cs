using Network.Labs.Cluster;
using Network.Labs.Topology;
using Network.Linux;
using Network.Netlink;

namespace Network.Labs.Fabric;

/// <summary>
/// Builds the underlay out of namespaces: one per machine, veth pairs for links between two, a bridge in a namespace of
/// its own for links between more. Building again keeps what is there.
/// </summary>
internal sealed class FabricBuilder(LabTopology topology, Addressing addressing, ClusterPaths paths)
{
    internal void Build()
    {
        foreach (var machine in topology.Nodes.Select(node => node.Name).Concat(topology.Routers))
            EnsureNamespace(paths.NetNs(machine));
        EnsureNamespace(paths.FabricNetNs);
        NetNs.Run(paths.FabricNetNs, () => Sysctl.TrySet("net/bridge/bridge-nf-call-iptables", "0"));
        foreach (var link in topology.Links)
        {
            if (link.Ends.Count == 2)
                EnsureCable(link);
            else
                EnsureSegment(link);
        }

        foreach (var machine in topology.Nodes.Select(node => node.Name).Concat(topology.Routers))
            Configure(machine);
    }

    private static void EnsureNamespace(string name)
    {
        if (NetNs.Exists(name))
            return;
        NetNs.Create(name);
        using var socket = RouteSocket.Open(name);
        socket.Execute(batch => batch.LinkSet("lo", new LinkChange { Up = true }));
    }

    // Two machines: the two ends of one veth pair, nothing between.
    private void EnsureCable(LabLink link)
    {
        var near = EndOf(link, 0);
        var far = EndOf(link, 1);
        using var socket = RouteSocket.Open(paths.NetNs(near.Machine));
        if (socket.Link(near.Device) is not null)
            return;
        using var peer = FileDescriptor.Open(NetNs.PathOf(paths.NetNs(far.Machine)));
        socket.Execute(batch => batch.LinkAdd(new VethSpec(near.Device, far.Device)
        {
            Mac = MacAddress.Random(),
            PeerMac = MacAddress.Random(),
            Mtu = link.Mtu,
            PeerNetNs = peer,
        }));
    }

    private void EnsureSegment(LabLink link)
    {
        using var socket = RouteSocket.Open(paths.FabricNetNs);
        var name = InterfaceName.Fit(link.Name);
        if (socket.Link(name) is null)
            socket.Execute(batch => batch.LinkAdd(new BridgeSpec(name) { Mac = MacAddress.Random(), Mtu = link.Mtu, Up = true }));
        var bridge = socket.Link(name)!;
        for (var i = 0; i < link.Ends.Count; i++)
        {
            var end = EndOf(link, i);
            var port = InterfaceName.Fit($"{end.Machine}.{link.Name}");
            if (socket.Link(port) is not null)
                continue;
            using var peer = FileDescriptor.Open(NetNs.PathOf(paths.NetNs(end.Machine)));
            socket.Execute(batch => batch.LinkAdd(new VethSpec(port, end.Device)
            {
                Mac = MacAddress.Random(),
                PeerMac = MacAddress.Random(),
                Mtu = link.Mtu,
                MasterIndex = bridge.Index,
                PeerNetNs = peer,
                Up = true,
            }));
        }
    }

    private void Configure(string machine)
    {
        var name = paths.NetNs(machine);
        using var socket = RouteSocket.Open(name);
        foreach (var end in addressing.EndsOf(machine))
        {
            var index = socket.Link(end.Device)!.Index;
            socket.Execute(batch => batch
                .AddressReplace(new InterfaceAddress(index, end.Address, end.Link.Subnet.PrefixLength))
                .LinkSet(index, new LinkChange { Up = true }));
        }

        foreach (var route in addressing.RoutesOf(machine))
            socket.Execute(batch => batch.RouteReplace(new Route(route.Destination) { Gateway = route.Via }));
        if (topology.Routers.Contains(machine))
            NetNs.Run(name, () => Sysctl.Set("net/ipv4/ip_forward", "1"));
        if (topology.Bgp.FirstOrDefault(router => router.Name == machine) is { } speaker)
        {
            var loopback = socket.Link("lo")!.Index;
            socket.Execute(batch => batch.AddressReplace(new InterfaceAddress(loopback, speaker.Loopback, 32)));
            // A tunnel's packets differ by their UDP source port alone, so ports choose among equal paths.
            NetNs.Run(name, () => Sysctl.Set("net/ipv4/fib_multipath_hash_policy", "1"));
        }
    }

    private LinkEnd EndOf(LabLink link, int index) => addressing.EndsOf(link.Ends[index]).First(end => end.Link == link);
}
