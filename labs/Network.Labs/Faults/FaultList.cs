using Network.Labs.Cluster;
using Network.Netlink;

namespace Network.Labs.Faults;

/// <summary>Every fault there is a verb for, by layer.</summary>
public static class FaultList
{
    public static IReadOnlyList<IFault> All { get; } =
    [
        new PartDown("apiserver", "kubectl is refused, pods and services go on"),
        new PartDown("scheduler", "new pods stay Pending, old ones go on"),
        new PartDown("controllers", "replicas, endpoints and nodes are no longer looked after"),
        new PartDown("kubelet", "no pod of the node is started or ended, and the node goes NotReady after its grace period"),
        new PartDown("overlay", "nobody notices until a node comes, goes or changes"),
        new PartDown("proxy", "nobody notices until an endpoint comes or goes"),
        new PartDown("dns", "pods of the node get no answer"),
        new PartSetting("vxlan-vni", "overlay", "--vni", "a node's tunnel has another network identifier: all nodes are Ready, and no packet comes through", VniProof),
        new PartSetting("vxlan-port", "overlay", "--tunnel-port", "a node's tunnel uses another UDP port: the others' packets meet no socket there", PortProof),
        new PartSetting("resolver", "kubelet", "--resolv-conf", "a kubelet gives pods another resolver configuration", site => File.Exists(site.Value) ? File.ReadAllText(site.Value).Trim() : null),
        new FdbStale(), new FdbMissing(), new NeighbourMissing(), new NeighbourStale(), new RouteMissing(),
        new MasqueradeGone(), new StaleFlow(),
        new HairpinOff(), new PodAddressTaken(),
        new WrongSetting("ip-forward-off", "net/ipv4/ip_forward", "0", "the machine does not forward: what passes through it ends there", "overlay"),
        new WrongSetting("bridge-netfilter-off", "net/bridge/bridge-nf-call-iptables", "0", "answers between pods of one node pass the rules by: services fail there, and only there", "overlay", "proxy"),
        new DeviceFault("link-down", "a device is down", _ => new LinkChange { Up = false }, _ => new LinkChange { Up = true }, (link, _) => !link.IsUp),
        new DeviceFault("link-mtu", "a device takes smaller packets than its neighbour sends: large ones vanish, small ones arrive",
            value => new LinkChange { Mtu = int.Parse(value, System.Globalization.CultureInfo.InvariantCulture) }, link => new LinkChange { Mtu = link.Mtu }, (link, value) => link.Mtu.ToString(System.Globalization.CultureInfo.InvariantCulture) == value, "overlay"),
        new ReversePathStrict(), new SessionDown(),
        new ManifestApplied(), new PodReplaced(), new CertificateOver(),
    ];

    public static IFault Find(string name) => All.FirstOrDefault(fault => fault.Name == name)
        ?? throw new ClusterException($"there is no fault \"{name}\"; there are {string.Join(", ", All.Select(fault => fault.Name))}");

    private static string? VniProof(FaultSite site) => Holds(site, vxlan => vxlan.Vni, "VNI");

    private static string? PortProof(FaultSite site) => Holds(site, vxlan => vxlan.Port, "UDP port");

    private static string? Holds(FaultSite site, Func<VxlanInfo, int> value, string name)
    {
        using var socket = site.Routes();
        return socket.Links().FirstOrDefault(link => link.Vxlan is not null) is { Vxlan: { } vxlan } device && value(vxlan).ToString(System.Globalization.CultureInfo.InvariantCulture) == site.Value
            ? $"{device.Name} of {site.On} has {name} {site.Value}" : null;
    }
}
