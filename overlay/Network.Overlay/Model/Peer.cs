using System.Net;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>Another node, as it published itself.</summary>
/// <param name="PodCidrs">Its pods, by family.</param>
/// <param name="Ends">Where its tunnels end, by family of the underlay.</param>
public sealed record Peer(string NodeName, PerFamily<IPNetwork> PodCidrs, PerFamily<PeerEnd> Ends)
{
    /// <summary>A node with one family of pods and one underlay address.</summary>
    public Peer(string nodeName, IPNetwork podCidr, MacAddress? vtepMac, IPAddress underlayAddress)
        : this(nodeName, default(PerFamily<IPNetwork>).With(podCidr.BaseAddress.AddressFamily, podCidr),
            default(PerFamily<PeerEnd>).With(underlayAddress.AddressFamily, new PeerEnd(underlayAddress, vtepMac)))
    {
    }

    /// <summary>UDP port where its daemon answers probes; 0 when it answers none (another kind of daemon).</summary>
    public int ProbePort { get; init; }
}
