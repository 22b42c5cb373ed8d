using System.Net;
using Network.Linux;
using Network.Netlink;

namespace Network.Conformance.Services;

/// <summary>
/// A host on the nodes' segment that is no node: a namespace with one leg in the lab's fabric. It carries the cluster's name, so taking the
/// cluster down takes it too.
/// </summary>
internal static class OutsideHost
{
    private const string Device = "eth0", Port = "outside";

    /// <param name="segment">The lab's bridge.</param>
    /// <param name="address">With the prefix length of the segment.</param>
    internal static Place Ensure(string cluster, string segment, (IPAddress Address, int Prefix) address, IReadOnlyList<(IPNetwork To, IPAddress Via)> routes)
    {
        var name = $"{cluster}-outside";
        if (!NetNs.Exists(name))
        {
            NetNs.Create(name);
            using var fabric = RouteSocket.Open($"{cluster}-fabric");
            using var peer = FileDescriptor.Open(NetNs.PathOf(name));
            var bridge = fabric.Link(segment) ?? throw new ExpectationFailed($"the fabric of lab {cluster} has no segment {segment}; the outside host needs a flat lab (podnet up --nodes 3)");
            fabric.Execute(batch => batch.LinkAdd(new VethSpec(Port, Device) { Mac = MacAddress.Random(), PeerMac = MacAddress.Random(), MasterIndex = bridge.Index, PeerNetNs = peer, Up = true }));
        }

        using var own = RouteSocket.Open(name);
        var index = own.Link(Device)!.Index;
        own.Execute(batch => batch
            .LinkSet("lo", new LinkChange { Up = true })
            .AddressReplace(new InterfaceAddress(index, address.Address, address.Prefix))
            .LinkSet(index, new LinkChange { Up = true }));
        foreach (var (to, via) in routes)
            own.Execute(batch => batch.RouteReplace(new Route(to) { Gateway = via }));
        return new Place("outside", "", name, address.Address.ToString());
    }
}
