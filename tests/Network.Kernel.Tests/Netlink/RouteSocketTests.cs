using System.Net;
using System.Text.Json.Nodes;
using Network.Linux;
using Network.Netlink;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Netlink;

/// <summary>We write, iproute2 reads; iproute2 writes, we read.</summary>
public sealed class RouteSocketTests : IDisposable
{
    private static readonly MacAddress s_mac = MacAddress.Parse("0a:58:0a:f4:01:02");
    private readonly ScratchNetNs _ns = Scratch();
    private readonly RouteSocket _route;

    public RouteSocketTests() => _route = RouteSocket.Open(_ns.Name);

    public void Dispose()
    {
        _route.Dispose();
        _ns.Dispose();
    }

    [Fact]
    public void Links_we_make_are_what_ip_link_shows()
    {
        using var pod = new ScratchNetNs("peer");
        using var podNs = FileDescriptor.Open(pod.Path);
        _route.Execute(batch => batch.LinkAdd(new BridgeSpec("w1-br") { Mac = s_mac, Mtu = 1450, Up = true }));
        var bridge = _route.Link("w1-br")!;
        _route.Execute(batch => batch
            .LinkAdd(new VethSpec("v1", "eth0")
            {
                Mac = MacAddress.Parse("02:00:00:00:00:01"), PeerMac = s_mac, PeerNetNs = podNs, Mtu = 1450, Up = true, MasterIndex = bridge.Index,
            })
            .LinkSet("v1", new LinkChange { Alias = "default/web/eth0", Hairpin = true, Ipv6LinkLocal = false }));

        var host = Json(_ns.Exec("ip", "-d", "-j", "link", "show", "v1"));
        Assert.Equal("w1-br", (string?)host["master"]);
        Assert.Equal("02:00:00:00:00:01", (string?)host["address"]);
        Assert.Equal("default/web/eth0", (string?)host["ifalias"]);
        Assert.Equal(1450, (int?)host["mtu"]);
        Assert.Equal("none", (string?)host["inet6_addr_gen_mode"]);
        Assert.True((bool)host["linkinfo"]!["info_slave_data"]!["hairpin"]!);
        Assert.Contains("UP", host["flags"]!.AsArray().Select(flag => (string?)flag));
        var inside = Json(pod.Exec("ip", "-j", "link", "show", "eth0"));
        Assert.Equal(("0a:58:0a:f4:01:02", 1450), ((string?)inside["address"], (int)inside["mtu"]!));

        var read = _route.Link("v1")!;
        Assert.Equal(("veth", bridge.Index, "default/web/eth0", true, true),
            (read.Kind, read.MasterIndex, read.Alias, read.Hairpin, read.IsUp));
        Assert.NotNull(read.ParentNetNsId);
    }

    [Fact]
    public void Vxlan_device_is_what_we_asked_for_by_both_readers()
    {
        _ns.Exec("ip", "link", "add", "u0", "type", "bridge");
        _ns.Exec("ip", "address", "add", "192.0.2.1/24", "dev", "u0");
        var info = new VxlanInfo { Vni = 1, Port = 4789, Local = IPAddress.Parse("192.0.2.1"), UnderlayIndex = _route.Link("u0")!.Index };
        _route.Execute(batch => batch.LinkAdd(new VxlanSpec("w1-vx", info) { Mac = s_mac, Mtu = 1450, Up = true }));

        var shown = Json(_ns.Exec("ip", "-d", "-j", "link", "show", "w1-vx"))["linkinfo"]!["info_data"]!;
        Assert.Equal((1, 4789, "192.0.2.1", "u0", false),
            ((int)shown["id"]!, (int)shown["port"]!, (string)shown["local"]!, (string)shown["link"]!, (bool)shown["learning"]!));
        Assert.Equal(info, _route.Link("w1-vx")!.Vxlan);
    }

    [Fact]
    public void Link_changes_take_effect()
    {
        using var other = new ScratchNetNs("move");
        using var target = FileDescriptor.Open(other.Path);
        _route.Execute(batch => batch.LinkAdd(new VethSpec("d0", "p0")));
        var index = _route.Link("d0")!.Index;

        _route.Execute(batch => batch.LinkSet(index, new LinkChange { Name = "d1", Mtu = 1400, Mac = s_mac }).LinkSet("d1", new LinkChange { Up = true }));
        var renamed = _route.Link(index)!;
        Assert.Equal(("d1", 1400, s_mac, true), (renamed.Name, renamed.Mtu, renamed.Mac!.Value, renamed.IsUp));

        _route.Execute(batch => batch.LinkSet("d1", new LinkChange { Up = false }).LinkSet("d1", new LinkChange { NetNs = target }));
        Assert.Null(_route.Link("d1"));
        Assert.Contains("d1", other.Exec("ip", "link"));
    }

    [Fact]
    public void Addresses_routes_neighbours_and_fdb_agree_with_iproute2()
    {
        _ns.Exec("ip", "link", "add", "w1-vx", "up", "type", "vxlan", "id", "1", "dstport", "4789", "local", "127.0.0.1", "nolearning");
        var device = _route.Link("w1-vx")!.Index;
        var v6 = IPAddress.Parse("fd00:1::1");
        _route.Execute(batch => batch
            .AddressReplace(new InterfaceAddress(device, IPAddress.Parse("10.244.1.0"), 32))
            .AddressReplace(new InterfaceAddress(device, v6, 64) { Flags = 2 /* IFA_F_NODAD */ })
            .NeighbourReplace(new Neighbour(device, IPAddress.Parse("10.244.2.0"), s_mac))
            .FdbReplace(new FdbEntry(device, s_mac, IPAddress.Parse("192.0.2.2")))
            .RouteReplace(new Route(IPNetwork.Parse("10.244.2.0/24"))
            {
                Gateway = IPAddress.Parse("10.244.2.0"), LinkIndex = device, Onlink = true, Protocol = 80, Mtu = 1400,
            }));

        Assert.Equal(["10.244.1.0/32", "fd00:1::1/64"],
            _route.Addresses(device).Where(address => address.Scope == 0).Select(address => address.ToString()));
        Assert.Contains("10.244.1.0/32", _ns.Exec("ip", "-4", "-o", "address", "show", "w1-vx"));
        Assert.Contains("192.0.2.2", _ns.Exec("bridge", "fdb", "show", "dev", "w1-vx"));
        Assert.Contains("0a:58:0a:f4:01:02 PERMANENT", _ns.Exec("ip", "neigh", "show", "dev", "w1-vx"));
        Assert.Contains("10.244.2.0/24 via 10.244.2.0 proto 80 onlink mtu 1400", _ns.Exec("ip", "route", "show", "dev", "w1-vx").Replace("  ", " "));

        var route = Assert.Single(_route.Routes(linkIndex: device), route => route.Protocol == 80);
        Assert.Equal((true, 1400u, "10.244.2.0"), (route.Onlink, route.Mtu, route.Gateway!.ToString()));
        Assert.Equal(s_mac, Assert.Single(_route.Neighbours(device), neighbour => neighbour.IsPermanent).Mac);
        Assert.Equal("192.0.2.2", Assert.Single(_route.Fdb(device)).Remote!.ToString());

        _route.Execute(batch => batch.RouteDelete(route)
            .FdbDelete(_route.Fdb(device)[0])
            .NeighbourDelete(_route.Neighbours(device).First(neighbour => neighbour.IsPermanent)));
        Assert.Empty(_route.Fdb(device));
        Assert.DoesNotContain("10.244.2.0", _ns.Exec("ip", "route"));
        Assert.DoesNotContain("10.244.2.0", _ns.Exec("ip", "neigh"));
    }

    [Fact]
    public void Dump_of_many_datagrams_is_complete()
    {
        var batch = new RouteBatch();
        for (var i = 0; i < 2000; i++)
            batch.AddressAdd(new InterfaceAddress(1, new IPAddress([127, 1, (byte)(i >> 8), (byte)i]), 32));
        _route.Execute(batch);

        Assert.Equal(2000, _route.Addresses(1).Count(address => address.PrefixLength == 32));
    }

    [Fact]
    public void Kernel_refusals_name_object_errno_and_reason()
    {
        _route.Execute(batch => batch.LinkAdd(new BridgeSpec("d0")));

        var exists = Assert.Throws<LinuxException>(() => _route.Execute(batch => batch.LinkAdd(new BridgeSpec("d0"))));
        Assert.Equal(("add link d0", Errno.EEXIST), (exists.Operation, exists.Errno));

        var absent = Assert.Throws<LinuxException>(() => _route.Execute(batch => batch.LinkDelete("no-such")));
        Assert.Equal(Errno.ENODEV, absent.Errno);

        var refused = Assert.Throws<LinuxException>(() => _route.Execute(batch => batch.RouteAdd(
            new Route(IPNetwork.Parse("10.9.0.0/16")) { Gateway = IPAddress.Parse("10.8.0.1") })));
        Assert.Equal("Nexthop has invalid gateway", refused.Detail);
    }

    [Fact]
    public async Task Monitor_reports_what_iproute2_does()
    {
        using var monitor = RouteMonitor.Open(_ns.Name);
        await using var events = monitor.ReadAsync(TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(RouteEventKind.Resync, events.Current.Kind);

        _ns.Exec("ip", "link", "add", "d0", "up", "type", "bridge");
        Assert.Equal("d0", (await NextAsync(events, RouteEventKind.Link)).Link!.Name);
        _ns.Exec("ip", "address", "add", "192.0.2.1/24", "dev", "d0");
        Assert.Equal("192.0.2.1/24", (await NextAsync(events, RouteEventKind.Address, e => !e.Address!.Address.IsIPv6LinkLocal)).Address!.ToString());
        _ns.Exec("ip", "neigh", "add", "192.0.2.9", "lladdr", s_mac.ToString(), "dev", "d0");
        Assert.Equal(s_mac, (await NextAsync(events, RouteEventKind.Neighbour)).Neighbour!.Mac);
        _ns.Exec("ip", "link", "delete", "d0");
        Assert.Equal("d0", (await NextAsync(events, RouteEventKind.Link, e => e.Deleted)).Link!.Name);
    }

    [Fact]
    public async Task Monitor_says_resync_when_the_kernel_dropped_events()
    {
        using var monitor = RouteMonitor.Open(_ns.Name, receiveBuffer: 2048);
        var resyncs = 0;
        var reading = Task.Run(async () =>
        {
            await foreach (var happened in monitor.ReadAsync(TestContext.Current.CancellationToken))
                resyncs += happened.Kind == RouteEventKind.Resync ? 1 : 0;
        }, TestContext.Current.CancellationToken);

        // One system call that tells of a thousand addresses at once, faster than anybody reads.
        await Eventually.TrueAsync(() =>
        {
            _route.Execute(batch => batch.LinkAdd(new BridgeSpec("d0")));
            var index = _route.Link("d0")!.Index;
            var batch = new RouteBatch();
            for (var i = 0; i < 1000; i++)
                batch.AddressAdd(new InterfaceAddress(index, new IPAddress([10, 1, (byte)(i >> 8), (byte)i]), 32));
            batch.LinkDelete(index);
            _route.Execute(batch);
            return Volatile.Read(ref resyncs) > 1;
        }, TimeSpan.FromSeconds(10));

        monitor.Dispose();
        await reading;
    }

    private static async Task<RouteEvent> NextAsync(IAsyncEnumerator<RouteEvent> events, RouteEventKind kind, Func<RouteEvent, bool>? match = null)
    {
        while (await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken))
        {
            if (events.Current.Kind == kind && (match is null || match(events.Current)))
                return events.Current;
        }

        throw new InvalidOperationException("the monitor ended");
    }

    private static JsonNode Json(string text) => JsonNode.Parse(text)!.AsArray()[0]!;

    private static ScratchNetNs Scratch()
    {
        Requires.Root();
        Requires.Tool("ip");
        return new ScratchNetNs("netlink");
    }
}
