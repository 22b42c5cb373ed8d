using System.Net;
using Network.Netlink;
using Xunit;

namespace Network.Overlay.Tests.Overlay;

/// <summary>Desired against actual: by peer, by event, as a whole.</summary>
public sealed class DesiredObjectsTests
{
    private readonly OverlayPlan _plan = Samples.Plan();
    private readonly DesiredObjects _desired = new();

    [Fact]
    public void New_peers_get_fdb_then_neighbours_then_routes()
    {
        Assert.Equal(
            [
                "replace fdb 02:00:00:00:00:02 on link #9", "replace fdb 02:00:00:00:00:03 on link #9",
                "replace neighbour 10.244.2.0 on link #9", "replace neighbour 10.244.3.0 on link #9",
                "replace route 10.244.2.0/24 via 10.244.2.0", "replace route 10.244.3.0/24 via 10.244.3.0",
            ],
            Change((null, Samples.N2), (null, Samples.N3)));
    }

    [Fact]
    public void Departed_peer_goes_route_first()
    {
        Change((null, Samples.N2), (null, Samples.N3));
        Assert.Equal(
            ["delete route 10.244.3.0/24 via 10.244.3.0", "delete neighbour 10.244.3.0 on link #9", "delete fdb 02:00:00:00:00:03 on link #9"],
            Change((Samples.N3, null)));
    }

    [Fact]
    public void Changed_underlay_address_touches_one_entry_and_leaves_no_gap()
    {
        Change((null, Samples.N2));
        Assert.Equal(["replace fdb 02:00:00:00:00:02 on link #9"],
            Change((Samples.N2, Samples.N2 with { Ends = new(new PeerEnd(IPAddress.Parse("192.0.2.22"), Samples.N2.Ends.V4!.Value.Mac), null) })));
    }

    [Fact]
    public void Changed_mac_leaves_no_stale_entry()
    {
        Change((null, Samples.N2));
        Assert.Equal(
            ["replace fdb 02:00:00:00:00:22 on link #9", "replace neighbour 10.244.2.0 on link #9", "delete fdb 02:00:00:00:00:02 on link #9"],
            Change((Samples.N2, Samples.N2 with { Ends = new(new PeerEnd(IPAddress.Parse("192.0.2.2"), MacAddress.Parse("02:00:00:00:00:22")), null) })));
    }

    [Fact]
    public void Range_that_moves_to_another_peer_is_replaced_in_place()
    {
        Change((null, Samples.N2));
        Assert.Equal(
            ["replace fdb 02:00:00:00:00:03 on link #9", "replace neighbour 10.244.2.0 on link #9", "replace route 10.244.2.0/24 via 10.244.2.0", "delete fdb 02:00:00:00:00:02 on link #9"],
            Change((Samples.N2, null), (null, Samples.N3 with { PodCidrs = Samples.N2.PodCidrs })));
    }

    [Fact]
    public void Converged_state_needs_no_change()
    {
        Change((null, Samples.N2), (null, Samples.N3));
        Assert.Empty(Compare(Holding(Samples.N2, Samples.N3)));
    }

    [Fact]
    public void Foreign_objects_stay_and_ours_elsewhere_go()
    {
        Change((null, Samples.N2));
        var state = Holding(Samples.N2);
        var foreign = new Route(IPNetwork.Parse("172.16.0.0/12")) { LinkIndex = Samples.Eth0, Protocol = 4 };
        var anotherNetworks = new Route(IPNetwork.Parse("10.200.1.0/24")) { LinkIndex = 77, Protocol = OverlayPlan.RouteProtocol };
        var kernels = new Route(IPNetwork.Parse("fe80::/64")) { LinkIndex = Samples.Device, Protocol = 2 };
        var strayed = new Route(IPNetwork.Parse("10.244.8.0/24")) { LinkIndex = Samples.Eth0, Protocol = OverlayPlan.RouteProtocol };
        var onOurs = new Route(IPNetwork.Parse("203.0.113.0/24")) { LinkIndex = Samples.Device, Protocol = 4 };
        var learned = new Neighbour(Samples.Device, IPAddress.Parse("10.244.9.9"), null) { State = 0x40 };

        Assert.Equal(
            ["delete route 10.244.8.0/24", "delete route 203.0.113.0/24"],
            Compare(state with { Routes = [.. state.Routes, foreign, anotherNetworks, kernels, strayed, onOurs], Neighbours = [.. state.Neighbours, learned] }));
    }

    [Fact]
    public void Event_of_a_lost_object_brings_back_that_object_and_echoes_bring_nothing()
    {
        Change((null, Samples.N2), (null, Samples.N3));
        var objects = _plan.ObjectsOf(Samples.N2);

        Assert.Equal(["replace route 10.244.2.0/24 via 10.244.2.0"], Judge(RouteEventKind.Route, objects.Routes[0], deleted: true));
        Assert.Equal(["replace neighbour 10.244.2.0 on link #9"], Judge(RouteEventKind.Neighbour, objects.Neighbours[0], deleted: true));
        Assert.Equal(["replace neighbour 10.244.2.0 on link #9"], Judge(RouteEventKind.Neighbour, objects.Neighbours[0] with { State = 0x20, Mac = null }));
        Assert.Equal(["replace fdb 02:00:00:00:00:02 on link #9"], Judge(RouteEventKind.Fdb, objects.Fdb[0], deleted: true));
        Assert.Empty(Judge(RouteEventKind.Route, objects.Routes[0]));
        Assert.Empty(Judge(RouteEventKind.Neighbour, objects.Neighbours[0]));
        Assert.Empty(Judge(RouteEventKind.Fdb, objects.Fdb[0]));
    }

    [Fact]
    public void Event_of_a_strange_object_removes_it_and_puts_ours_back()
    {
        Change((null, Samples.N2));
        var objects = _plan.ObjectsOf(Samples.N2);
        var stolen = objects.Routes[0] with { Gateway = IPAddress.Parse("192.0.2.66"), LinkIndex = Samples.Eth0, Protocol = 4, Onlink = false };

        Assert.Equal(["replace route 10.244.2.0/24 via 10.244.2.0"], Judge(RouteEventKind.Route, stolen));
        Assert.Empty(Judge(RouteEventKind.Route, stolen with { Priority = 100 }));
        Assert.Equal(["replace fdb 02:00:00:00:00:02 on link #9", "delete fdb 02:00:00:00:00:02 on link #9"],
            Judge(RouteEventKind.Fdb, objects.Fdb[0] with { Remote = IPAddress.Parse("192.0.2.66") }));
        Assert.Equal(["delete fdb 02:00:00:00:00:66 on link #9"],
            Judge(RouteEventKind.Fdb, new FdbEntry(Samples.Device, MacAddress.Parse("02:00:00:00:00:66"), IPAddress.Parse("192.0.2.66"))));
        Assert.Equal(["delete neighbour 10.244.66.0 on link #9"],
            Judge(RouteEventKind.Neighbour, new Neighbour(Samples.Device, IPAddress.Parse("10.244.66.0"), MacAddress.Parse("02:00:00:00:00:66"))));
        Assert.Equal(["delete route 10.244.66.0/24"], Judge(RouteEventKind.Route, new Route(IPNetwork.Parse("10.244.66.0/24")) { LinkIndex = Samples.Device }));
    }

    // A random history of peers: after every step, peer-by-peer changes have led to what one whole comparison asks for.
    [Fact]
    public void Peer_by_peer_changes_lead_where_one_whole_comparison_leads()
    {
        var random = new Random(7);
        var table = new PeerTable(Samples.Settings);
        for (var round = 0; round < 2000; round++)
        {
            var number = random.Next(2, 9);
            var peer = Samples.PeerOf(number) with { PodCidrs = Samples.PeerOf(random.Next(2, 9)).PodCidrs, Ends = Samples.PeerOf(random.Next(2, 9)).Ends };
            Change([.. table.Set($"n{number}", random.Next(3) == 0 ? null : peer).Select(change => (change.Former, change.Current))]);

            Assert.Empty(Compare(Holding([.. table.Accepted.Values])));
        }
    }

    private IReadOnlyList<string> Change(params (Peer? Former, Peer? Current)[] changes)
    {
        var set = new ChangeSet();
        var left = new List<PeerObjects?>();
        foreach (var (former, current) in changes)
        {
            left.Add(former is null ? null : _plan.ObjectsOf(former));
            _desired.Change((current ?? former)!.NodeName, left[^1], current is null ? null : _plan.ObjectsOf(current), set);
        }

        left.ForEach(former => _desired.Leave(former, set));
        return Samples.Words(set);
    }

    private IReadOnlyList<string> Compare(OverlayState state)
    {
        var set = new ChangeSet();
        OverlayProgrammer.CompareAddresses(_plan, state, set);
        _desired.Compare(state, set);
        return Samples.Words(set);
    }

    private IReadOnlyList<string> Judge(RouteEventKind kind, object thing, bool deleted = false)
    {
        var set = new ChangeSet();
        _desired.Judge(new RouteEvent(kind) { Route = thing as Route, Neighbour = thing as Neighbour, Fdb = thing as FdbEntry, Deleted = deleted }, OverlayState.OwnershipOf(_plan), set);
        return Samples.Words(set);
    }

    private OverlayState Holding(params Peer[] peers)
    {
        var objects = peers.Select(peer => _plan.ObjectsOf(peer)).ToList();
        return new OverlayState(
            [new InterfaceAddress(Samples.Device, IPAddress.Parse("10.244.1.0"), 32)],
            [.. objects.SelectMany(of => of.Neighbours)], [.. objects.SelectMany(of => of.Fdb)], [.. objects.SelectMany(of => of.Routes)],
            OverlayState.OwnershipOf(_plan));
    }
}
