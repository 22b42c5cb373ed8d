using System.Net;
using Network.Labs.Topology;
using Xunit;

namespace Network.Overlay.Tests.Labs;

public sealed class AddressingTests
{
    /// <summary>cp and a spare on segment a, then r1, segment b, r2, segment c with two workers.</summary>
    private static readonly LabTopology s_chain = TopologyFile.Parse("chain.yaml", """
        nodes: [{name: cp, role: server}, {name: w1}, {name: w2}]
        routers: [r1, r2]
        links:
          - {name: a, subnet: 192.168.1.0/24, ends: [cp, r1]}
          - {name: b, subnet: 192.168.2.0/24, ends: [r1, r2]}
          - {name: c, subnet: 192.168.3.0/24, ends: [r2, w1, w2]}
        """);

    [Fact]
    public void Addresses_follow_the_order_of_the_ends()
    {
        var addressing = new Addressing(s_chain);

        Assert.Equal(["cp-eth0 192.168.1.1"], Ends(addressing, "cp"));
        Assert.Equal(["r1-a 192.168.1.2", "r1-b 192.168.2.1"], Ends(addressing, "r1"));
        Assert.Equal(["r2-b 192.168.2.2", "r2-c 192.168.3.1"], Ends(addressing, "r2"));
        Assert.Equal(["w2-eth0 192.168.3.3"], Ends(addressing, "w2"));
        Assert.Equal(IPAddress.Parse("192.168.3.2"), addressing.AddressOf("w1"));
        Assert.Empty(addressing.EndsOf("nobody"));
    }

    [Theory]
    [InlineData("cp", "192.168.2.0/24 via 192.168.1.2", "192.168.3.0/24 via 192.168.1.2")]
    [InlineData("r1", "192.168.3.0/24 via 192.168.2.2")]
    [InlineData("r2", "192.168.1.0/24 via 192.168.2.1")]
    [InlineData("w1", "192.168.1.0/24 via 192.168.3.1", "192.168.2.0/24 via 192.168.3.1")]
    public void Routes_lead_over_two_routers_hop_by_hop(string machine, params string[] expected) =>
        Assert.Equal(expected, Routes(new Addressing(s_chain), machine));

    [Fact]
    public void Shorter_way_round_a_ring_is_taken()
    {
        var ring = new Addressing(TopologyFile.Parse("ring.yaml", """
            nodes: [{name: cp, role: server}, {name: w1}]
            routers: [r1, r2, r3]
            links:
              - {name: a, subnet: 192.168.1.0/24, ends: [cp, r1]}
              - {name: b, subnet: 192.168.2.0/24, ends: [r1, r2]}
              - {name: c, subnet: 192.168.3.0/24, ends: [r2, r3]}
              - {name: d, subnet: 192.168.4.0/24, ends: [r3, r1]}
              - {name: e, subnet: 192.168.5.0/24, ends: [r3, w1]}
            """));

        Assert.Contains("192.168.5.0/24 via 192.168.4.1", Routes(ring, "r1"));
        Assert.Contains("192.168.1.0/24 via 192.168.4.2", Routes(ring, "r3"));
        Assert.Contains("192.168.5.0/24 via 192.168.3.2", Routes(ring, "r2"));
    }

    [Fact]
    public void Packets_arrive_from_everywhere_when_each_hop_follows_its_own_routes()
    {
        var addressing = new Addressing(s_chain);
        string[] machines = ["cp", "r1", "r2", "w1", "w2"];
        var owners = machines.SelectMany(name => addressing.EndsOf(name)).ToDictionary(end => end.Address, end => end.Machine);

        foreach (var from in machines)
        {
            foreach (var (target, owner) in owners)
            {
                var at = from;
                for (var hops = 0; at != owner; hops++)
                {
                    Assert.True(hops < 5, $"{from} -> {target} runs in circles");
                    at = addressing.EndsOf(at).Any(end => end.Link.Subnet.Contains(target))
                        ? owner
                        : owners[addressing.RoutesOf(at).Single(route => route.Destination.Contains(target)).Via];
                }
            }
        }
    }

    [Fact]
    public void Two_segments_without_a_router_know_no_way()
    {
        // No file may say this; a topology may.
        var addressing = new Addressing(new LabTopology("t", [new("cp", NodeRole.Server), new("w1", NodeRole.Agent), new("w2", NodeRole.Agent)], [],
        [
            new LabLink("a", IPNetwork.Parse("172.30.0.0/24"), 1500, ["cp", "w1"]),
            new LabLink("b", IPNetwork.Parse("172.30.1.0/24"), 1500, ["w1", "w2"]),
        ]));

        Assert.Empty(addressing.RoutesOf("cp"));
        Assert.Equal(["w1-eth0 172.30.0.2", "w1-eth1 172.30.1.1"], Ends(addressing, "w1"));
    }

    [Fact]
    public void Device_names_fit_the_kernel_and_differ()
    {
        var links = Enumerable.Range(0, 12).Select(i => new LabLink($"a-long-segment-{i}", IPNetwork.Parse($"172.30.{i}.0/24"), 1500, ["controller", "router-one"])).ToList();
        var topology = new LabTopology("t", [new LabNode("controller", NodeRole.Server)], ["router-one"], links);
        var addressing = new Addressing(topology);
        var devices = addressing.EndsOf("controller").Concat(addressing.EndsOf("router-one")).Select(end => end.Device).ToList();

        Assert.Equal(24, devices.Distinct().Count());
        Assert.All(devices, device => Assert.InRange(device.Length, 1, 15));
        Assert.Equal("controller-eth0", devices[0]);
    }

    private static IEnumerable<string> Ends(Addressing addressing, string machine) => addressing.EndsOf(machine).Select(end => $"{end.Device} {end.Address}");

    private static IEnumerable<string> Routes(Addressing addressing, string machine) =>
        addressing.RoutesOf(machine).Select(route => $"{route.Destination} via {route.Via}").Order(StringComparer.Ordinal);
}
