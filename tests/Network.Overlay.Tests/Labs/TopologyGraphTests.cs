using Network.Labs.Topology;
using Xunit;

namespace Network.Overlay.Tests.Labs;

/// <summary>Drawings of topologies.</summary>
public sealed class TopologyGraphTests
{
    private const string Routed = """
        nodes:
        - {name: cp, role: server}
        - {name: w1}
        - {name: w-2}
        routers: [r1]
        links:
        - {name: left, ends: [cp, w1, r1]}
        - {name: right, mtu: 1400, ends: [r1, w-2]}
        """;

    [Fact]
    public void Mermaid_has_every_machine_and_link() => Assert.Equal("""
        graph LR
          cp([cp])
          w1[w1]
          w_2[w-2]
          r1{{r1}}
          seg_left(("left 172.30.0.0/24"))
          cp ---|"172.30.0.1"| seg_left
          w1 ---|"172.30.0.2"| seg_left
          r1 ---|"172.30.0.3"| seg_left
          r1 ---|"right 172.30.1.0/24 MTU 1400"| w_2

        """, TopologyGraph.Mermaid(TopologyFile.Parse("t.yaml", Routed)));

    [Fact]
    public void Dot_has_every_machine_and_link() => Assert.Equal("""
        graph "podnet" {
          rankdir=LR;
          "cp" [shape=oval];
          "w1" [shape=box];
          "w-2" [shape=box];
          "r1" [shape=hexagon];
          "link/left" [shape=circle, label="left 172.30.0.0/24"];
          "cp" -- "link/left" [taillabel="172.30.0.1"];
          "w1" -- "link/left" [taillabel="172.30.0.2"];
          "r1" -- "link/left" [taillabel="172.30.0.3"];
          "r1" -- "w-2" [label="right 172.30.1.0/24 MTU 1400", taillabel="172.30.1.1", headlabel="172.30.1.2"];
        }

        """, TopologyGraph.Dot(TopologyFile.Parse("t.yaml", Routed)));
}
