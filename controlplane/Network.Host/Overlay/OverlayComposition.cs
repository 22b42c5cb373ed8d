using System.Net;
using Network.Host.Roles;
using Network.Linux;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>From what an agent is told to what the daemon needs.</summary>
internal static class OverlayComposition
{
    internal static OverlaySettings SettingsFor(AgentOptions options, PerFamily<IPNetwork> podCidrs) => new()
    {
        NodeName = options.Node,
        PodCidrs = podCidrs,
        ClusterCidrs = new(options.ClusterCidr, options.Overlay.ClusterCidrV6),
        DeviceName = InterfaceName.Of(options.Node, options.Overlay.Backend == OverlayBackend.WireGuard ? "wg" : "vx"),
        PodBridge = InterfaceName.Of(options.Node, "br"),
        Backend = options.Overlay.Backend,
        DirectRouting = options.Overlay.DirectRouting,
        Vni = options.Overlay.Vni,
        Port = options.Overlay.PortOrUsual,
        UnderlayInterface = options.Overlay.Interface,
        NodeAddresses = [.. ((IPAddress?[])[options.NodeAddress, options.Overlay.NodeAddressV6]).OfType<IPAddress>()],
        NoMasquerade = options.Overlay.NoMasquerade,
        ProbePort = options.Overlay.ProbePort,
        KeyFile = Path.Combine(options.DataDirectory, "wireguard.key"),
    };
}
