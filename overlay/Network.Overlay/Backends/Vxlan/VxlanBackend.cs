using System.Net.Sockets;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>
/// Ethernet in UDP (RFC 7348). Per peer everything is known beforehand, so the kernel never has to ask (no ARP, no
/// misses) and traffic flows while the daemon is dead:
/// <code>
/// fdb        {VTEP MAC} dst {peer's underlay address} self permanent
/// neighbour  {base of the peer's podCIDR} lladdr {VTEP MAC} permanent
/// route      {podCIDR} via {base} dev {device} onlink proto 80
/// </code>
/// A device speaks one underlay family. Pods of a family travel over the same family where both nodes have it (flannel's
/// way, so both can share a cluster), else over the other one.
/// </summary>
internal sealed class VxlanBackend : IBackend
{
    // Outer IP 20 or 40, UDP 8, VXLAN 8, inner Ethernet 14 (RFC 7348, section 5).
    private const int OverheadV4 = 50, OverheadV6 = 70;

    public OverlayBackend Kind => OverlayBackend.Vxlan;

    public string Name => "vxlan";

    public int Overhead(AddressFamily underlay) => underlay == AddressFamily.InterNetwork ? OverheadV4 : OverheadV6;

    public IReadOnlyList<AddressFamily> TunnelsOver(OverlaySettings settings, Underlay underlay)
    {
        var families = PerFamily<int>.Families;
        return [.. families.Where(family => underlay.AddressOf(family) is not null
            && (settings.PodCidrs[family] is not null || families.Any(other => settings.PodCidrs[other] is not null && underlay.AddressOf(other) is null)))];
    }

    public LinkSpec Device(TunnelSite site) => new VxlanSpec(site.DeviceName, new VxlanInfo
    {
        Vni = site.Settings.Vni,
        Port = site.Settings.Port,
        Local = site.Underlay.AddressOf(site.Family),
        UnderlayIndex = site.Underlay.LinkIndex,
    })
    { Mac = site.Mac, Mtu = site.Mtu, Up = true };

    public bool MustRecreate(Link actual, LinkSpec wanted) => actual.Vxlan is not { } info || info != ((VxlanSpec)wanted).Info;

    public void Write(PeerWay way, PeerObjects objects)
    {
        if (way.End.Mac is not { } mac)
        {
            objects.Faults.Add($"it publishes no VTEP MAC for underlay address {way.End.Address}; its backend must be vxlan");
            return;
        }

        var gateway = way.Pods.BaseAddress;
        var entry = new FdbEntry(way.LinkIndex, mac, way.End.Address);
        if (!objects.Fdb.Contains(entry))
            objects.Fdb.Add(entry);
        objects.Neighbours.Add(new Neighbour(way.LinkIndex, gateway, mac));
        objects.Routes.Add(new Route(way.Pods)
        {
            Gateway = gateway,
            LinkIndex = way.LinkIndex,
            Onlink = true,
            Protocol = OverlayPlan.RouteProtocol,
            Priority = way.Priority,
            Mtu = way.Mtu,
        });
        objects.Ways.Add(Name);
    }
}
