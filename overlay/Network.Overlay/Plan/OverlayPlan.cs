using System.Net.Sockets;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>What this node's part should look like, and from that what the kernel must hold for any peer. A pure value.</summary>
internal sealed record OverlayPlan
{
    /// <summary>Marks our routes (rtm_protocol), so that those of departed peers are recognised. Unassigned in rt_protos.</summary>
    internal const byte RouteProtocol = 80;

    // IFA_F_NODAD: nobody else on a tunnel can have our address, and one that is still tentative is no source.
    private const uint WithoutDuplicateDetection = 2;

    internal required OverlaySettings Settings { get; init; }

    internal required Underlay Underlay { get; init; }

    internal required IReadOnlyList<Tunnel> Tunnels { get; init; }

    /// <summary>What pods may send: the least that any of their ways carries.</summary>
    internal required int PodMtu { get; init; }

    /// <summary>What the others need to know of this node.</summary>
    internal LocalVtep Published(WireGuardKey? key = null)
    {
        var ends = default(PerFamily<PeerEnd>);
        foreach (var family in Tunnels.Count == 0 || Settings.Backend == OverlayBackend.WireGuard ? PerFamily<int>.Families : [.. Tunnels.Select(tunnel => tunnel.Underlay)])
        {
            if (Underlay.AddressOf(family) is { } own)
                ends = ends.With(family, new PeerEnd(Settings.PublicEnds[family]?.Address ?? own, TunnelOver(family)?.Device.Mac, key));
        }

        return new LocalVtep(Settings.PodCidrs, ends, PodMtu)
        {
            Backend = Settings.Backend, Vni = Settings.Vni, Port = Settings.Port, ProbePort = Settings.ProbePort,
        };
    }

    /// <summary>Equal in devices, own addresses and MTU: what peers and probes see of us.</summary>
    internal bool HasSameEnds(OverlayPlan other) => PodMtu == other.PodMtu && Underlay.LinkIndex == other.Underlay.LinkIndex && Underlay.Mtu == other.Underlay.Mtu
        && Underlay.Addresses.SequenceEqual(other.Underlay.Addresses) && Tunnels.Select(tunnel => tunnel.Index).SequenceEqual(other.Tunnels.Select(tunnel => tunnel.Index));

    internal Tunnel? TunnelOver(AddressFamily underlay) => Tunnels.FirstOrDefault(tunnel => tunnel.Underlay == underlay);

    private IBackend Backend => BackendList.Of(Settings.Backend);

    internal static OverlayPlan For(OverlaySettings settings, Underlay underlay, PerFamily<MacAddress> macs)
    {
        var backend = BackendList.Of(settings.Backend);
        var families = backend.TunnelsOver(settings, underlay);
        var tunnels = families.Select((family, i) =>
        {
            var site = new TunnelSite(settings, i == 0 ? settings.DeviceName : settings.SecondDeviceName, underlay, family, macs[family] ?? default)
            {
                Mtu = underlay.Mtu - backend.Overhead(family),
            };
            var carried = PerFamily<int>.Families.Where(pods => pods == family || !families.Contains(pods));
            return new Tunnel(family, backend.Device(site), [.. carried.Where(pods => settings.PodCidrs[pods] is not null).Select(pods => AddressOf(settings, pods))]);
        }).ToList();
        return new OverlayPlan
        {
            Settings = settings,
            Underlay = underlay,
            Tunnels = tunnels,
            PodMtu = tunnels.Select(tunnel => tunnel.Device.Mtu).Append(underlay.Mtu).Min(),
        };
    }

    internal OverlayPlan WithIndexes(Func<Tunnel, int> indexOf) => this with { Tunnels = [.. Tunnels.Select(tunnel => tunnel with { Index = indexOf(tunnel) })] };

    /// <summary>What the kernel must hold for the peer.</summary>
    /// <param name="pathMtu">What a probe found the way to carry; 0 when unknown.</param>
    internal PeerObjects ObjectsOf(Peer peer, int pathMtu = 0)
    {
        var objects = new PeerObjects();
        foreach (var family in PerFamily<int>.Families)
        {
            if (peer.PodCidrs[family] is not { } pods || Settings.PodCidrs[family] is null)
                continue;
            var mayBeDirect = Settings.DirectRouting || Settings.Backend == OverlayBackend.HostGateway;
            var direct = mayBeDirect && peer.Ends[family] is { } near ? Underlay.OnLink(near.Address) : 0;
            if (Settings.Backend == OverlayBackend.HostGateway || (Settings.DirectRouting && direct != 0))
            {
                if (peer.Ends[family] is { } end)
                    BackendList.Of(OverlayBackend.HostGateway).Write(new PeerWay(peer.NodeName, pods, end, direct, MtuOf(pathMtu, Underlay.Mtu)), objects);
                else
                    objects.Faults.Add($"it publishes no {NameOf(family)} address, by way of which podCIDR {pods} could be reached");
                continue;
            }

            if (TunnelTo(peer, family) is { } tunnel)
                Backend.Write(new PeerWay(peer.NodeName, pods, EndOf(peer, tunnel), tunnel.Index, MtuOf(pathMtu, tunnel.Device.Mtu)), objects);
            else
                objects.Faults.Add($"it and this node share no underlay family ({Families(peer)} there, {Families()} here); give both an address of one family");
        }

        return objects;
    }

    private static InterfaceAddress AddressOf(OverlaySettings settings, AddressFamily family) =>
        new(0, settings.PodCidrs[family]!.Value.BaseAddress, OverlaySettings.LengthOf(family))
        {
            Flags = family == AddressFamily.InterNetworkV6 ? WithoutDuplicateDetection : 0,
        };

    private Tunnel? TunnelTo(Peer peer, AddressFamily pods) => Settings.Backend == OverlayBackend.WireGuard
        ? Tunnels.FirstOrDefault(_ => !peer.Ends.IsEmpty)
        : Tunnels.Where(tunnel => peer.Ends[tunnel.Underlay] is not null).OrderByDescending(tunnel => tunnel.Underlay == pods).FirstOrDefault();

    private static PeerEnd EndOf(Peer peer, Tunnel tunnel) => peer.Ends[tunnel.Underlay] ?? peer.Ends.Present.First();

    private static uint MtuOf(int path, int device) => path > 0 && path < device ? (uint)path : 0;

    private static string Families(Peer peer) => Text(family => peer.Ends[family] is not null);

    private string Families() => Text(family => Underlay.AddressOf(family) is not null);

    private static string Text(Func<AddressFamily, bool> has) => string.Join("+", PerFamily<int>.Families.Where(has).Select(NameOf)) is { Length: > 0 } text ? text : "none";

    private static string NameOf(AddressFamily family) => family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
}
