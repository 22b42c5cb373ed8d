using System.Net;
using Network.Netlink;
using Xunit;

namespace Network.Overlay.Tests.Overlay;

/// <summary>A bad peer is named and left out; good ones keep what they have.</summary>
public sealed class PeerTableTests
{
    private readonly PeerTable _table = new(Samples.Settings) { Own = new(new PeerEnd(IPAddress.Parse("192.0.2.1"), Samples.Macs.V4), null) };

    [Fact]
    public void Changes_name_exactly_what_is_new_gone_or_different()
    {
        Assert.Equal([new PeerChange(null, Samples.N2), new PeerChange(null, Samples.N3)], _table.SetAll([Samples.N3, Samples.N2]));
        Assert.Empty(_table.SetAll([Samples.N2, Samples.N3]));
        var moved = Samples.N3 with { Ends = new(new PeerEnd(IPAddress.Parse("192.0.2.33"), Samples.N3.Ends.V4!.Value.Mac), null) };
        Assert.Equal([new PeerChange(Samples.N3, moved)], _table.SetAll([Samples.N2, moved]));
        Assert.Equal([new PeerChange(Samples.N2, null)], _table.SetAll([moved]));
        Assert.Equal([new PeerChange(moved, null)], _table.Set("n3", null));
    }

    [Fact]
    public void Own_node_is_no_peer() => Assert.Empty(_table.SetAll([Samples.N2 with { NodeName = "n1" }]));

    [Theory]
    [InlineData("10.244.1.0/24", "overlaps this node's own 10.244.1.0/24")]
    [InlineData("10.244.1.128/25", "overlaps this node's own 10.244.1.0/24")]
    [InlineData("10.244.2.0/24", "podCIDR 10.244.2.0/24 belongs to node n2 already")]
    [InlineData("10.244.2.0/25", "overlaps 10.244.2.0/24 of node n2")]
    [InlineData("10.244.0.0/15", "is not a part of cluster CIDR 10.244.0.0/16")]
    [InlineData("0.0.0.0/0", "is not a part of cluster CIDR 10.244.0.0/16")]
    [InlineData("192.168.0.0/24", "is not a part of cluster CIDR 10.244.0.0/16")]
    public void Pod_range_that_is_not_its_own_is_refused_by_name(string range, string reason)
    {
        _table.SetAll([Samples.N2]);

        var bad = new Peer("bad", IPNetwork.Parse(range), MacAddress.Parse("02:00:00:00:00:99"), IPAddress.Parse("192.0.2.99"));
        Assert.Empty(_table.Set("bad", bad));

        Assert.Contains(reason, _table.Refused["bad"].Reason);
        Assert.Equal(["n2"], _table.Accepted.Keys);
    }

    [Fact]
    public void Tunnel_end_that_is_not_its_own_is_refused_by_name()
    {
        _table.SetAll([Samples.N2]);
        var n4 = Samples.PeerOf(4);

        _table.Set("n4", n4 with { Ends = new(n4.Ends.V4!.Value with { Mac = Samples.N2.Ends.V4!.Value.Mac }, null) });
        Assert.Contains("02:00:00:00:00:02 belongs to node n2 already", _table.Refused["n4"].Reason);
        _table.Set("n4", n4 with { Ends = new(n4.Ends.V4!.Value with { Mac = Samples.Macs.V4 }, null) });
        Assert.Contains("02:00:00:00:00:01 is this node's own", _table.Refused["n4"].Reason);
        _table.Set("n4", n4 with { Ends = new(n4.Ends.V4!.Value with { Address = IPAddress.Parse("192.0.2.1") }, null) });
        Assert.Contains("192.0.2.1 is this node's own", _table.Refused["n4"].Reason);
        Assert.Equal([new PeerChange(null, n4)], _table.Set("n4", n4));
        Assert.Empty(_table.Refused);
    }

    [Fact]
    public void Who_came_first_keeps_its_range_and_the_other_comes_in_when_it_goes()
    {
        _table.SetAll([Samples.N3]);
        var rival = Samples.N2 with { PodCidrs = Samples.N3.PodCidrs };

        Assert.Empty(_table.SetAll([rival, Samples.N3]));
        Assert.Equal(["n3"], _table.Accepted.Keys);
        Assert.Equal([new PeerChange(Samples.N3, null), new PeerChange(null, rival)], _table.Set("n3", null));
        Assert.Equal(["n2"], _table.Accepted.Keys);
    }

    [Fact]
    public void Two_nodes_that_swap_their_ranges_both_arrive()
    {
        _table.SetAll([Samples.N2, Samples.N3]);
        var n2 = Samples.N2 with { PodCidrs = Samples.N3.PodCidrs };
        var n3 = Samples.N3 with { PodCidrs = Samples.N2.PodCidrs };

        _table.SetAll([n2, n3]);

        Assert.Equal([n2, n3], _table.Accepted.Values.OrderBy(peer => peer.NodeName));
        Assert.Empty(_table.Refused);
    }

    [Fact]
    public void Whatever_the_order_of_changes_no_range_and_no_MAC_is_ever_held_twice()
    {
        var random = new Random(20260802);
        for (var round = 0; round < 5000; round++)
        {
            var number = random.Next(2, 12);
            var peer = Samples.PeerOf(number) with { PodCidrs = Samples.PeerOf(random.Next(0, 12)).PodCidrs };
            if (random.Next(3) == 0)
                peer = peer with { Ends = Samples.PeerOf(random.Next(2, 12)).Ends };
            var before = _table.Accepted.Values.ToDictionary(held => held.NodeName);

            // The changes lead from the former picture to the present one.
            foreach (var change in _table.Set(peer.NodeName, random.Next(4) == 0 ? null : peer))
            {
                Assert.Equal(change.Former, before.GetValueOrDefault(change.NodeName));
                if (change.Current is null)
                    before.Remove(change.NodeName);
                else
                    before[change.NodeName] = change.Current;
            }

            Assert.Equal(before.Values.OrderBy(held => held.NodeName), _table.Accepted.Values.OrderBy(held => held.NodeName));
            Assert.Equal(_table.Accepted.Count, _table.Accepted.Values.Select(held => held.PodCidrs.V4).Distinct().Count());
            Assert.Equal(_table.Accepted.Count, _table.Accepted.Values.Select(held => held.Ends.V4!.Value.Mac).Distinct().Count());
            Assert.DoesNotContain(_table.Accepted.Values, held => held.PodCidrs.V4 == Samples.Settings.PodCidrs.V4);
        }
    }

    [Fact]
    public void Peer_behind_our_own_address_is_refused_also_when_others_know_us_by_another_one()
    {
        var table = new PeerTable(Samples.Settings)
        {
            Own = new(new PeerEnd(IPAddress.Parse("198.51.100.1"), Samples.Macs.V4), null),
            OwnAddresses = [IPAddress.Parse("192.0.2.1")],
        };
        foreach (var claimed in (string[])["198.51.100.1", "192.0.2.1"])
        {
            table.Set("n2", Samples.N2 with { Ends = new(Samples.N2.Ends.V4!.Value with { Address = IPAddress.Parse(claimed) }, null) });
            Assert.Equal($"underlay address {claimed} is this node's own; correct the node's public address", table.Refused["n2"].Reason);
        }

        table.Set("n2", Samples.N2);
        Assert.Empty(table.Refused);
    }
}
