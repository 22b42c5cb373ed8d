using System.Net.Sockets;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>
/// The kernel's WireGuard. One device carries both families over whichever underlay the peer has. Routes say who is
/// behind the tunnel, the device's own table says which key and address that is.
/// </summary>
internal sealed class WireGuardBackend : IBackend
{
    // Outer IP 20 or 40, UDP 8, type and receiver 8, counter 8, tag 16.
    private const int OverheadV4 = 60, OverheadV6 = 80;

    public OverlayBackend Kind => OverlayBackend.WireGuard;

    public string Name => "wireguard";

    public int Overhead(AddressFamily underlay) => underlay == AddressFamily.InterNetwork ? OverheadV4 : OverheadV6;

    public IReadOnlyList<AddressFamily> TunnelsOver(OverlaySettings settings, Underlay underlay) =>
        [PerFamily<int>.Families.Last(family => underlay.AddressOf(family) is not null)];

    public LinkSpec Device(TunnelSite site) => new WireGuardSpec(site.DeviceName) { Mtu = site.Mtu, Up = true };

    public bool MustRecreate(Link actual, LinkSpec wanted) => actual.Kind != "wireguard";

    public void Write(PeerWay way, PeerObjects objects)
    {
        if (way.End.PublicKey is null)
        {
            objects.Faults.Add($"it publishes no WireGuard key for underlay address {way.End.Address}; its backend must be wireguard");
            return;
        }

        objects.Routes.Add(new Route(way.Pods)
        {
            LinkIndex = way.LinkIndex,
            Scope = way.Pods.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? (byte)253 : (byte)0,
            Protocol = OverlayPlan.RouteProtocol,
            Priority = way.Priority,
            Mtu = way.Mtu,
        });
        objects.Ways.Add(Name);
    }
}
