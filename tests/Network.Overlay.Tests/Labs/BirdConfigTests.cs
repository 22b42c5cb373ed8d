using System.Diagnostics;
using Network.Labs.Cluster;
using Network.Labs.Fabric;
using Network.Labs.Topology;
using Xunit;

namespace Network.Overlay.Tests.Labs;

public sealed class BirdConfigTests
{
    private const string Fabric = """
        nodes: [{name: cp, role: server}, {name: w1}]
        routers:
        - {name: leaf-1, kind: bgp}
        - {name: leaf-2, kind: bgp}
        - {name: spine, asn: 4200000000, loopback: 10.255.0.9}
        links:
        - {name: rack1, ends: [cp, leaf-1]}
        - {name: rack2, ends: [w1, leaf-2]}
        - {name: up1, ends: [leaf-1, spine]}
        - {name: up2a, ends: [leaf-2, spine]}
        - {name: up2b, ends: [leaf-2, spine]}
        """;

    [Fact]
    public void Neighbours_get_a_session_a_link()
    {
        var topology = TopologyFile.Parse("t.yaml", Fabric);
        var addressing = new Addressing(topology);

        Assert.Equal(["leaf-1 64512 172.31.255.1", "leaf-2 64513 172.31.255.2", "spine 4200000000 10.255.0.9"], topology.Bgp.Select(router => $"{router.Name} {router.Asn} {router.Loopback}"));
        Assert.Equal(["leaf-1 172.30.2.2>172.30.2.1", "leaf-2.up2a 172.30.3.2>172.30.3.1", "leaf-2.up2b 172.30.4.2>172.30.4.1"],
            BirdConfig.SessionsOf(topology, addressing, "spine").Select(session => $"{session.Name} {session.Near.Address}>{session.Far.Address}"));
        Assert.Empty(addressing.RoutesOf("spine"));
        Assert.Contains("172.30.1.0/24 172.30.0.2", addressing.RoutesOf("cp").Select(route => $"{route.Destination} {route.Via}"));
        Assert.Contains("10.255.0.9/32 172.30.0.2", addressing.RoutesOf("cp").Select(route => $"{route.Destination} {route.Via}"));
    }

    [Fact]
    public void Bird_takes_it()
    {
        var topology = TopologyFile.Parse("t.yaml", Fabric);
        foreach (var router in topology.Bgp)
        {
            var file = Path.GetTempFileName();
            try
            {
                File.WriteAllText(file, BirdConfig.For(topology, new Addressing(topology), router));
                using var bird = Process.Start(new ProcessStartInfo("bird", ["-p", "-c", file]) { RedirectStandardError = true })!;
                var said = bird.StandardError.ReadToEnd();
                bird.WaitForExit();
                Assert.True(bird.ExitCode == 0, said);
            }
            finally
            {
                File.Delete(file);
            }
        }
    }

    [Theory]
    [InlineData("[{name: r1, kind: ospf}]", "kind \"ospf\" is unknown", "static or bgp")]
    [InlineData("[{name: r1, asn: 0}]", "asn \"0\"", "64512")]
    [InlineData("[{name: r1, asn: 4294967296}]", "asn \"4294967296\"", "64512")]
    [InlineData("[{name: r1, kind: static, asn: 65000}]", "BGP's", "kind: bgp")]
    [InlineData("[{name: r1, kind: bgp, loopback: 10.1}]", "loopback \"10.1\"", "one address")]
    [InlineData("[{name: r1, kind: bgp, loopback: 10.244.1.1}]", "loopback 10.244.1.1", "nothing else has")]
    [InlineData("[{name: r1, kind: bgp}, r2]", "router r2 has fixed routes", "kind: bgp")]
    [InlineData("[{name: r1, asn: 65000}, {name: r2, asn: 65000}]", "one autonomous system 65000", "numbers of their own")]
    [InlineData("[{name: r1, bgp: 1}]", "unknown field \"bgp\"", "asn")]
    public void What_cannot_be_is_refused(string routers, string problem, string fix)
    {
        var refused = Assert.Throws<TopologyException>(() => TopologyFile.Parse("t.yaml", $"""
            nodes: [{"{name: cp, role: server}"}]
            routers: {routers}
            links: [{"{name: l, ends: [cp, r1" + (routers.Contains("r2", StringComparison.Ordinal) ? ", r2" : "") + "]}"}]
            """));
        Assert.Contains(problem, refused.Message);
        Assert.Contains(fix, refused.Message);
        Assert.Equal(2, refused.Line);
    }

    [Fact]
    public void What_bird_says_of_its_sessions_is_read()
    {
        const string Said = """
            BIRD 2.0.12 ready.
            Name       Proto      Table      State  Since         Info
            device1    Device     ---        up     12:00:00.000
            direct1    Direct     ---        up     12:00:00.000
            kernel1    Kernel     master4    up     12:00:00.000
            spine1     BGP        ---        up     12:00:01.000  Established
            spine2     BGP        ---        down   12:00:01.000
            leaf1.l2   BGP        ---        start  12:00:01.000  Active        Socket: Connection refused
            """;
        var states = BirdControl.States(Said);
        Assert.Equal(["leaf1.l2", "spine1", "spine2"], states.Keys.Order());
        Assert.Equal(("Established", "down", "Active"), (states["spine1"], states["spine2"], states["leaf1.l2"]));
    }
}
