using System.Net;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>
/// What the kernel should hold for a set of peers. A pure value: no device index exists yet.
/// Per peer, everything is known beforehand, so the kernel never has to ask (no ARP, no misses) and traffic flows
/// while the daemon is dead:
/// <code>
/// neighbour  {base of the peer's podCIDR} lladdr {VTEP MAC} permanent
/// fdb        {VTEP MAC} dst {peer's underlay address} self permanent
/// route      {podCIDR} via {base} dev {device} onlink proto 80
/// </code>
/// </summary>
internal sealed record OverlayPlan
{
    /// <summary>Marks our routes (rtm_protocol), so that those of departed peers are recognised. Unassigned in rt_protos.</summary>
    internal const byte RouteProtocol = 80;

    internal required VxlanSpec Device { get; init; }

    /// <summary>Base of the own podCIDR as a host address: source of node-to-pod traffic, without a connected route.</summary>
    internal required InterfaceAddress Address { get; init; }

    /// <summary>By node name; podCIDRs are distinct. Null until the peers are known for the first time.</summary>
    internal required IReadOnlyList<Peer>? Peers { get; init; }

    /// <summary>Peers left out because another node has the same podCIDR.</summary>
    internal required IReadOnlyList<Peer> Conflicts { get; init; }

    internal static OverlayPlan For(OverlaySettings settings, Underlay underlay, MacAddress mac, IReadOnlyCollection<Peer>? peers)
    {
        var chosen = new Dictionary<IPNetwork, Peer>();
        var conflicts = new List<Peer>();
        foreach (var peer in (peers ?? []).Where(peer => peer.NodeName != settings.NodeName).OrderBy(peer => peer.NodeName, StringComparer.Ordinal))
        {
            if (peer.PodCidr == settings.PodCidr || !chosen.TryAdd(peer.PodCidr, peer))
                conflicts.Add(peer);
        }

        var info = new VxlanInfo { Vni = settings.Vni, Port = settings.Port, Local = underlay.Address, UnderlayIndex = underlay.LinkIndex };
        var length = settings.PodCidr.BaseAddress.GetAddressBytes().Length * 8;
        return new OverlayPlan
        {
            Device = new VxlanSpec(settings.DeviceName, info) { Mac = mac, Mtu = underlay.InnerMtu, Up = true },
            Address = new InterfaceAddress(0, settings.PodCidr.BaseAddress, length),
            Peers = peers is null ? null : [.. chosen.Values],
            Conflicts = conflicts,
        };
    }

    internal static Neighbour NeighbourOf(Peer peer, int device) => new(device, peer.PodCidr.BaseAddress, peer.VtepMac);

    internal static FdbEntry FdbOf(Peer peer, int device) => new(device, peer.VtepMac, peer.UnderlayAddress);

    internal static Route RouteOf(Peer peer, int device) => new(peer.PodCidr)
    {
        Gateway = peer.PodCidr.BaseAddress,
        LinkIndex = device,
        Onlink = true,
        Protocol = RouteProtocol,
    };
}
