using System.Net.Sockets;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>
/// Plain routes: <c>podCIDR via the node's own address</c>. Nothing is encapsulated, so nothing is lost of the MTU, and
/// the network between the nodes must accept pod addresses. Also the fast path of other backends' direct routing.
/// </summary>
internal sealed class HostGatewayBackend : IBackend
{
    public OverlayBackend Kind => OverlayBackend.HostGateway;

    public string Name => "host-gw";

    public int Overhead(AddressFamily underlay) => 0;

    public IReadOnlyList<AddressFamily> TunnelsOver(OverlaySettings settings, Underlay underlay) => [];

    public LinkSpec Device(TunnelSite site) => throw new InvalidOperationException("host-gw has no device");

    public bool MustRecreate(Link actual, LinkSpec wanted) => true;

    public void Write(PeerWay way, PeerObjects objects)
    {
        if (way.LinkIndex == 0)
        {
            objects.Faults.Add($"{way.End.Address} is behind a router, where plain routes lead nowhere; use backend vxlan with direct routing");
            return;
        }

        objects.Routes.Add(new Route(way.Pods)
        {
            Gateway = way.End.Address,
            LinkIndex = way.LinkIndex,
            Protocol = OverlayPlan.RouteProtocol,
            Priority = way.Priority,
            Mtu = way.Mtu,
        });
        objects.Ways.Add("direct");
    }
}
