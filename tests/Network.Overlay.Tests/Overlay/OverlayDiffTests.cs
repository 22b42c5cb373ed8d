using System.Net;
using Network.Netlink;
using Xunit;

namespace Network.Overlay.Tests.Overlay;

/// <summary>The pure half: desired, actual, ordered changes.</summary>
public sealed class OverlayDiffTests
{
    private const int Device = 9;
    private static readonly Underlay s_underlay = new(3, "eth0", IPAddress.Parse("192.0.2.1"), 1500);
    private static readonly OverlaySettings s_settings = new()
    {
        NodeName = "n1",
        PodCidr = IPNetwork.Parse("10.244.1.0/24"),
        ClusterCidr = IPNetwork.Parse("10.244.0.0/16"),
        DeviceName = "w1-vx",
    };

    private static readonly MacAddress s_own = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly Peer s_n2 = new("n2", IPNetwork.Parse("10.244.2.0/24"), MacAddress.Parse("02:00:00:00:00:02"), IPAddress.Parse("192.0.2.2"));
    private static readonly Peer s_n3 = new("n3", IPNetwork.Parse("10.244.3.0/24"), MacAddress.Parse("02:00:00:00:00:03"), IPAddress.Parse("192.0.2.3"));

    [Fact]
    public void Nothing_there_gets_neighbours_then_fdb_then_routes()
    {
        Assert.Equal(
            [
                "replace address 10.244.1.0/32 on link #9",
                "replace neighbour 10.244.2.0 on link #9", "replace neighbour 10.244.3.0 on link #9",
                "replace fdb 02:00:00:00:00:02 on link #9", "replace fdb 02:00:00:00:00:03 on link #9",
                "replace route 10.244.2.0/24 via 10.244.2.0", "replace route 10.244.3.0/24 via 10.244.3.0",
            ],
            Changes([s_n2, s_n3], Empty));
    }

    [Fact]
    public void Converged_state_needs_no_change() => Assert.Empty(Changes([s_n2, s_n3], Holding(s_n2, s_n3)));

    [Fact]
    public void Departed_peer_goes_route_first()
    {
        Assert.Equal(
            ["delete route 10.244.3.0/24 via 10.244.3.0", "delete fdb 02:00:00:00:00:03 on link #9", "delete neighbour 10.244.3.0 on link #9"],
            Changes([s_n2], Holding(s_n2, s_n3)));
    }

    [Fact]
    public void Unknown_peers_after_a_restart_are_left_alone() => Assert.Empty(Changes(null, Holding(s_n2, s_n3)));

    [Fact]
    public void Changed_underlay_address_is_replaced_without_a_gap()
    {
        Assert.Equal(
            ["replace fdb 02:00:00:00:00:02 on link #9"],
            Changes([s_n2 with { UnderlayAddress = IPAddress.Parse("192.0.2.22") }], Holding(s_n2)));
    }

    [Fact]
    public void Changed_mac_replaces_the_neighbour_and_leaves_no_stale_entry()
    {
        Assert.Equal(
            [
                "delete fdb 02:00:00:00:00:02 on link #9", "replace neighbour 10.244.2.0 on link #9",
                "replace fdb 02:00:00:00:00:22 on link #9",
            ],
            Changes([s_n2 with { VtepMac = MacAddress.Parse("02:00:00:00:00:22") }], Holding(s_n2)));
    }

    [Fact]
    public void Changed_pod_network_removes_the_old_route()
    {
        var moved = s_n2 with { PodCidr = IPNetwork.Parse("10.244.7.0/24") };
        Assert.Equal(
            [
                "delete route 10.244.2.0/24 via 10.244.2.0", "delete neighbour 10.244.2.0 on link #9",
                "replace neighbour 10.244.7.0 on link #9", "replace route 10.244.7.0/24 via 10.244.7.0",
            ],
            Changes([moved], Holding(s_n2)));
    }

    [Fact]
    public void Foreign_objects_stay_and_ours_elsewhere_go()
    {
        var state = Holding(s_n2);
        var foreign = new Route(IPNetwork.Parse("172.16.0.0/12")) { LinkIndex = 3, Protocol = 4 };
        var kernels = new Route(IPNetwork.Parse("fe80::/64")) { LinkIndex = Device, Protocol = 2 };
        var strayed = new Route(IPNetwork.Parse("10.244.8.0/24")) { LinkIndex = 3, Protocol = OverlayPlan.RouteProtocol };
        var learned = new Neighbour(Device, IPAddress.Parse("10.244.9.9"), null) { State = 0x40 };

        Assert.Equal(
            ["delete route 10.244.8.0/24"],
            Changes([s_n2], state with { Routes = [.. state.Routes, foreign, kernels, strayed], Neighbours = [.. state.Neighbours, learned] }));
    }

    [Fact]
    public void Two_nodes_with_one_pod_network_never_flap()
    {
        var thief = s_n3 with { PodCidr = s_n2.PodCidr };
        var one = OverlayPlan.For(s_settings, s_underlay, s_own, [thief, s_n2]);
        var other = OverlayPlan.For(s_settings, s_underlay, s_own, [s_n2, thief]);

        Assert.Equal(one.Peers, other.Peers);
        Assert.Equal([thief], one.Conflicts);
        Assert.Equal([s_n2 with { PodCidr = s_settings.PodCidr }],
            OverlayPlan.For(s_settings, s_underlay, s_own, [s_n2 with { PodCidr = s_settings.PodCidr }]).Conflicts);
    }

    [Fact]
    public void Own_node_is_no_peer() =>
        Assert.Empty(OverlayPlan.For(s_settings, s_underlay, s_own, [s_n2 with { NodeName = "n1" }]).Peers!);

    [Theory]
    [InlineData("192.0.2.1", 1500, 1450)]
    [InlineData("192.0.2.1", 1400, 1350)]
    [InlineData("2001:db8::1", 1500, 1430)]
    public void Tunnel_mtu_leaves_room_for_the_outer_headers(string address, int underlay, int tunnel) =>
        Assert.Equal(tunnel, (s_underlay with { Address = IPAddress.Parse(address), Mtu = underlay }).InnerMtu);

    [Fact]
    public void Only_what_a_live_device_cannot_change_makes_it_anew()
    {
        var plan = OverlayPlan.For(s_settings, s_underlay, s_own, []);
        var device = Holding().Device;

        Assert.False(OverlayDiff.MustRecreate(device with { Mtu = 1, Mac = null, IsUp = false }, plan));
        Assert.True(OverlayDiff.MustRecreate(device with { Vxlan = device.Vxlan! with { Vni = 2 } }, plan));
        Assert.True(OverlayDiff.MustRecreate(device with { Vxlan = device.Vxlan! with { Local = IPAddress.Loopback } }, plan));
        Assert.True(OverlayDiff.MustRecreate(device with { Vxlan = null }, plan));
        Assert.Null(OverlayDiff.DeviceChange(device, plan));
        Assert.Equal(new LinkChange { Mtu = 1450, Up = true }, OverlayDiff.DeviceChange(device with { Mtu = 1400, IsUp = false }, plan));
    }

    [Fact]
    public void Underlay_is_chosen_by_name_by_address_or_by_default_route()
    {
        Link[] links = [new() { Index = 2, Name = "eth0", Mtu = 1500 }, new() { Index = 3, Name = "eth1", Mtu = 9000 }];
        InterfaceAddress[] addresses = [new(2, IPAddress.Parse("192.0.2.1"), 24), new(3, IPAddress.Parse("198.51.100.1"), 24)];
        Route[] routes =
        [
            new(Route.DefaultV4) { LinkIndex = 3, Priority = 100 }, new(Route.DefaultV4) { LinkIndex = 2, Priority = 50 },
        ];

        Assert.Equal("eth0", Underlay.Choose(s_settings, links, addresses, routes).Name);
        Assert.Equal("eth1", Underlay.Choose(s_settings with { UnderlayInterface = "eth1" }, links, addresses, routes).Name);
        Assert.Equal("eth1", Underlay.Choose(s_settings with { NodeAddress = IPAddress.Parse("198.51.100.1") }, links, addresses, routes).Name);
        Assert.Contains("eth0, eth1", Assert.Throws<OverlayException>(() => Underlay.Choose(s_settings, links, addresses, [])).Message);
        Assert.Contains("wlan9", Assert.Throws<OverlayException>(
            () => Underlay.Choose(s_settings with { UnderlayInterface = "wlan9" }, links, addresses, routes)).Message);
    }

    private static OverlayState Empty => Holding() with { Addresses = [] };

    private static OverlayState Holding(params Peer[] peers) => new(
        new Link
        {
            Index = Device, Name = "w1-vx", Mac = s_own, Mtu = 1450, IsUp = true, Kind = "vxlan",
            Vxlan = new VxlanInfo { Vni = 1, Port = 4789, Local = s_underlay.Address, UnderlayIndex = 3 },
        },
        [new InterfaceAddress(Device, IPAddress.Parse("10.244.1.0"), 32)],
        [.. peers.Select(peer => OverlayPlan.NeighbourOf(peer, Device))],
        [.. peers.Select(peer => OverlayPlan.FdbOf(peer, Device))],
        [.. peers.Select(peer => OverlayPlan.RouteOf(peer, Device))]);

    private static List<string> Changes(Peer[]? peers, OverlayState state)
    {
        var batch = new RouteBatch();
        OverlayDiff.Write(OverlayPlan.For(s_settings, s_underlay, s_own, peers), state, batch);
        return [.. Enumerable.Range(0, batch.Count).Select(batch.OperationOf)];
    }
}
