using System.Net;
using System.Net.Sockets;
using Network.Netlink;
using Xunit;

namespace Network.Overlay.Tests.Overlay;

/// <summary>Which devices, which addresses, which objects a peer; no kernel.</summary>
public sealed class OverlayPlanTests
{
    [Fact]
    public void One_underlay_family_gives_one_device_for_both_families_of_pods()
    {
        var plan = Samples.Plan(Samples.DualStack);

        var tunnel = Assert.Single(plan.Tunnels);
        Assert.Equal(["10.244.1.0/32", "fd00:244:0:1::/128"], tunnel.Addresses.Select(address => address.ToString()));
        Assert.Equal(["10.244.2.0/24 via 10.244.2.0", "fd00:244:0:2::/64 via fd00:244:0:2::"], plan.ObjectsOf(Samples.DualPeer(2)).Routes.Select(route => route.ToString()));
        Assert.Equal("192.0.2.2", Assert.Single(plan.ObjectsOf(Samples.DualPeer(2)).Fdb).Remote!.ToString());
    }

    [Fact]
    public void Two_underlay_families_give_each_family_of_pods_its_own_as_flannel_does()
    {
        var plan = Samples.Plan(Samples.DualStack, Samples.Both);

        Assert.Equal(["w1-vx", "w1-vx6"], plan.Tunnels.Select(tunnel => tunnel.Device.Name));
        Assert.Equal(["10.244.1.0/32", "fd00:244:0:1::/128"], plan.Tunnels.SelectMany(tunnel => tunnel.Addresses).Select(address => address.ToString()));
        Assert.Equal((1450, 1430, 1430), (plan.Tunnels[0].Device.Mtu, plan.Tunnels[1].Device.Mtu, plan.PodMtu));
        Assert.Equal([(Samples.Device, "192.0.2.2"), (Samples.SecondDevice, "2001:db8::2")],
            plan.ObjectsOf(Samples.DualPeer(2)).Fdb.Select(entry => (entry.LinkIndex, entry.Remote!.ToString())));
    }

    [Fact]
    public void Peer_with_one_underlay_family_carries_both_families_of_pods_over_it()
    {
        var peer = Samples.DualPeer(2);
        var objects = Samples.Plan(Samples.DualStack, Samples.Both).ObjectsOf(peer with { Ends = peer.Ends with { V6 = null } });

        Assert.Empty(objects.Faults);
        Assert.Equal([Samples.Device, Samples.Device], objects.Routes.Select(route => route.LinkIndex));
    }

    [Fact]
    public void Pods_of_IPv4_travel_over_an_IPv6_underlay()
    {
        var plan = Samples.Plan(underlay: Samples.V6Only);

        Assert.Equal(1430, plan.PodMtu);
        Assert.Equal("2001:db8::2", Assert.Single(plan.ObjectsOf(Samples.DualPeer(2)).Fdb).Remote!.ToString());
        Assert.Contains("share no underlay family (IPv4 there, IPv6 here)", Assert.Single(plan.ObjectsOf(Samples.N2).Faults));
    }

    [Fact]
    public void Host_gateway_routes_by_way_of_the_node_and_refuses_who_is_behind_a_router()
    {
        var plan = Samples.Plan(Samples.Settings with { Backend = OverlayBackend.HostGateway });

        Assert.Empty(plan.Tunnels);
        Assert.Equal(1500, plan.PodMtu);
        var route = Assert.Single(plan.ObjectsOf(Samples.N2).Routes);
        Assert.Equal(("10.244.2.0/24 via 192.0.2.2", Samples.Eth0, false), (route.ToString(), route.LinkIndex, route.Onlink));
        var far = Samples.N2 with { Ends = new(new PeerEnd(IPAddress.Parse("198.51.100.2"), null), null) };
        Assert.Contains("198.51.100.2 is behind a router", Assert.Single(plan.ObjectsOf(far).Faults));
    }

    [Fact]
    public void Direct_routing_is_decided_by_peer_and_by_longest_prefix()
    {
        var settings = Samples.Settings with { DirectRouting = true };
        var behind = Samples.V4Only with
        {
            Routes = [.. Samples.V4Only.Routes, new Route(IPNetwork.Parse("192.0.2.2/32")) { LinkIndex = Samples.Eth0, Gateway = IPAddress.Parse("192.0.2.254") }],
        };

        Assert.Equal(["direct"], Samples.Plan(settings).ObjectsOf(Samples.N2).Ways);
        Assert.Equal(["vxlan"], Samples.Plan(settings, behind).ObjectsOf(Samples.N2).Ways);
        Assert.Equal(["direct"], Samples.Plan(settings, behind).ObjectsOf(Samples.N3).Ways);
        Assert.Equal(["vxlan"], Samples.Plan().ObjectsOf(Samples.N2).Ways);
    }

    [Fact]
    public void Path_that_carries_less_is_written_into_the_route()
    {
        Assert.Equal(1400u, Samples.Plan().ObjectsOf(Samples.N2, 1400).Routes[0].Mtu);
        Assert.Equal(0u, Samples.Plan().ObjectsOf(Samples.N2, 1450).Routes[0].Mtu);
    }

    [Fact]
    public void Peer_of_another_backend_is_named()
    {
        var keyless = Samples.N2 with { Ends = new(new PeerEnd(IPAddress.Parse("192.0.2.2")), null) };

        Assert.Contains("publishes no VTEP MAC", Assert.Single(Samples.Plan().ObjectsOf(keyless).Faults));
        Assert.Contains("publishes no WireGuard key", Assert.Single(Samples.Plan(Samples.Settings with { Backend = OverlayBackend.WireGuard }).ObjectsOf(keyless).Faults));
    }

    [Theory]
    [InlineData("vxlan", AddressFamily.InterNetwork, 50)]
    [InlineData("vxlan", AddressFamily.InterNetworkV6, 70)]
    [InlineData("wireguard", AddressFamily.InterNetwork, 60)]
    [InlineData("wireguard", AddressFamily.InterNetworkV6, 80)]
    [InlineData("host-gw", AddressFamily.InterNetworkV6, 0)]
    public void Every_backend_says_what_it_takes_of_a_packet(string name, AddressFamily underlay, int bytes)
    {
        Assert.True(BackendNames.TryParse(name, out var kind));
        Assert.Equal(bytes, BackendList.Of(kind).Overhead(underlay));
        Assert.Equal(name, BackendNames.Of(kind));
    }

    [Fact]
    public void Address_behind_translation_is_what_others_are_told()
    {
        var plan = Samples.Plan(Samples.Settings with { PublicEnds = new(new PeerEnd(IPAddress.Parse("203.0.113.7")), null) });

        Assert.Equal("203.0.113.7", plan.Published().Ends.V4!.Value.Address.ToString());
        Assert.Equal("192.0.2.1", ((VxlanSpec)plan.Tunnels[0].Device).Info.Local!.ToString());
    }

    [Fact]
    public void Only_what_a_live_device_cannot_change_makes_it_anew()
    {
        var wanted = (VxlanSpec)Samples.Plan().Tunnels[0].Device;
        var device = new Link { Index = Samples.Device, Name = "w1-vx", Mac = wanted.Mac, Mtu = 1450, IsUp = true, Kind = "vxlan", Vxlan = wanted.Info };
        var backend = BackendList.Of(OverlayBackend.Vxlan);

        Assert.False(backend.MustRecreate(device with { Mtu = 1, Mac = null, IsUp = false }, wanted));
        Assert.True(backend.MustRecreate(device with { Vxlan = wanted.Info with { Vni = 2 } }, wanted));
        Assert.True(backend.MustRecreate(device with { Vxlan = wanted.Info with { Local = IPAddress.Loopback } }, wanted));
        Assert.True(backend.MustRecreate(device with { Vxlan = null }, wanted));
        Assert.Null(OverlayProgrammer.DeviceChange(device, wanted));
        Assert.Equal(new LinkChange { Mtu = 1450, Up = true }, OverlayProgrammer.DeviceChange(device with { Mtu = 1400, IsUp = false }, wanted));
    }

    [Theory]
    [InlineData("Vni", "VNI 16777216 does not fit")]
    [InlineData("Port", "port 0 is no UDP port")]
    [InlineData("Device", "device name \"\" must have")]
    [InlineData("Probe", "probe port 4789 must be a UDP port other than the tunnel's")]
    [InlineData("Network", "network name \"Blue!\"")]
    [InlineData("Outside", "podCIDR 10.9.1.0/24 is not a part of cluster CIDR 10.244.0.0/16")]
    [InlineData("Family", "podCIDR fd00::/64 has no cluster CIDR of its family")]
    [InlineData("Twice", "192.0.2.1 and 192.0.2.2 are of one family")]
    public void Settings_that_cannot_work_are_refused_by_field(string fault, string message)
    {
        var settings = fault switch
        {
            "Vni" => Samples.Settings with { Vni = 1 << 24 },
            "Port" => Samples.Settings with { Port = 0 },
            "Device" => Samples.Settings with { DeviceName = "" },
            "Probe" => Samples.Settings with { ProbePort = 4789 },
            "Network" => Samples.Settings with { Network = "Blue!" },
            "Outside" => Samples.Settings with { PodCidrs = new(IPNetwork.Parse("10.9.1.0/24"), null) },
            "Family" => Samples.Settings with { PodCidrs = new(null, IPNetwork.Parse("fd00::/64")) },
            _ => Samples.Settings with { NodeAddresses = [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2")] },
        };

        Assert.Contains(message, Assert.Throws<OverlayException>(settings.Validated).Message);
    }

    [Fact]
    public void Underlay_is_chosen_by_name_by_address_or_by_default_route()
    {
        Link[] links = [new() { Index = 2, Name = "eth0", Mtu = 1500 }, new() { Index = 3, Name = "eth1", Mtu = 9000 }];
        InterfaceAddress[] addresses =
        [
            new(2, IPAddress.Parse("192.0.2.1"), 24), new(3, IPAddress.Parse("198.51.100.1"), 24),
            new(3, IPAddress.Parse("2001:db8::bad"), 64) { Flags = 0x40 }, new(3, IPAddress.Parse("2001:db8::1"), 64), new(3, IPAddress.Parse("fe80::1"), 64) { Scope = 253 },
        ];
        Route[] routes =
        [
            new(Route.DefaultV4) { LinkIndex = 3, Priority = 100 }, new(Route.DefaultV4) { LinkIndex = 2, Priority = 50 },
        ];

        Assert.Equal("eth0", Underlay.Choose(Samples.Settings, links, addresses, routes).Name);
        Assert.Equal(["198.51.100.1", "2001:db8::1"],
            Underlay.Choose(Samples.Settings with { UnderlayInterface = "eth1" }, links, addresses, routes).Addresses.Select(address => address.ToString()));
        Assert.Equal("eth1", Underlay.Choose(Samples.Settings with { NodeAddresses = [IPAddress.Parse("198.51.100.1")] }, links, addresses, routes).Name);
        Assert.Contains("eth0, eth1", Assert.Throws<OverlayException>(() => Underlay.Choose(Samples.Settings, links, addresses, [])).Message);
        Assert.Contains("wlan9", Assert.Throws<OverlayException>(
            () => Underlay.Choose(Samples.Settings with { UnderlayInterface = "wlan9" }, links, addresses, routes)).Message);
    }
}
