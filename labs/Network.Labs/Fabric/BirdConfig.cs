using System.Text;
using Network.Labs.Topology;

namespace Network.Labs.Fabric;

/// <summary>A BGP neighbour of a router: by which link, and how the session is called in bird.</summary>
public sealed record BgpSession(string Name, LinkEnd Near, LinkEnd Far, BgpRouter Peer);

/// <summary>The configuration of bird 2 for a router of a topology. Pure.</summary>
public static class BirdConfig
{
    /// <summary>One session for every neighbour on every link, called after the neighbour, and after the link where there are several.</summary>
    public static IReadOnlyList<BgpSession> SessionsOf(LabTopology topology, Addressing addressing, string router)
    {
        var found = (from near in addressing.EndsOf(router)
                     from peer in topology.Bgp
                     where peer.Name != router && near.Link.Ends.Contains(peer.Name)
                     select (near, peer)).ToList();
        return found.Select(pair => new BgpSession(found.Count(other => other.peer == pair.peer) == 1 ? pair.peer.Name : $"{pair.peer.Name}.{pair.near.Link.Name}",
            pair.near, addressing.EndsOf(pair.peer.Name).First(end => end.Link == pair.near.Link), pair.peer)).ToList();
    }

    /// <summary>
    /// Every prefix a router is on and its loopback go to all neighbours by eBGP; equally short paths share the traffic. A
    /// session ends with its link's carrier, and otherwise after 9 s of silence.
    /// </summary>
    public static string For(LabTopology topology, Addressing addressing, BgpRouter router)
    {
        var text = new StringBuilder($$"""
            log stderr all;
            router id {{router.Loopback}};

            protocol device { scan time 1; }
            protocol direct { ipv4; }
            protocol kernel {
              ipv4 { import none; export where source = RTS_BGP; };
              merge paths yes;
            }

            template bgp fabric {
              ipv4 { import all; export where source ~ [RTS_DEVICE, RTS_BGP]; };
              hold time 9;
              keepalive time 3;
              connect delay time 1;
              connect retry time 1;
              error wait time 1, 2;
              check link yes;
            }

            """);
        foreach (var session in SessionsOf(topology, addressing, router.Name))
        {
            text.Append($$"""

                protocol bgp '{{session.Name}}' from fabric {
                  interface "{{session.Near.Device}}";
                  local {{session.Near.Address}} as {{router.Asn}};
                  neighbor {{session.Far.Address}} as {{session.Peer.Asn}};
                }

                """);
        }

        return text.ToString();
    }
}
