using System.Net;

namespace Network.Diagnosis.Drops;

/// <summary>Packets that have the same end. The source port is left out: a client takes another for every try.</summary>
/// <param name="Place">Where.</param>
/// <param name="Device">The device the packet was at, or empty.</param>
/// <param name="Reason">The kernel's reason, without SKB_DROP_REASON_.</param>
/// <param name="Function">The kernel's function that dropped it.</param>
/// <param name="Flow">Who to whom.</param>
public sealed record Drop(Place Place, string Device, string Reason, string Function, PacketFlow Flow);

/// <summary>Who sends what to whom, innermost headers when it is in a tunnel.</summary>
/// <param name="Protocol">TCP, UDP, ICMP and so on; ARP; or the EtherType.</param>
/// <param name="Source">Null when it is no IP packet.</param>
/// <param name="Destination">Null when it is no IP packet.</param>
/// <param name="Port">The destination's port; 0 where there is none.</param>
/// <param name="Tunnel">The VXLAN network and the nodes around an inner packet, or null.</param>
public sealed record PacketFlow(string Protocol, IPAddress? Source, IPAddress? Destination, int Port, TunnelHeader? Tunnel)
{
    public override string ToString()
    {
        if (Source is null || Destination is null)
            return Protocol;
        var end = Port > 0 ? new IPEndPoint(Destination, Port).ToString() : Destination.ToString();
        return $"{Protocol} {Source} > {end}{(Tunnel is null ? "" : $" in VXLAN {Tunnel.Vni} {Tunnel.Source} > {Tunnel.Destination}")}";
    }
}

/// <summary>The headers around a packet in a tunnel.</summary>
public sealed record TunnelHeader(uint Vni, IPAddress Source, IPAddress Destination);
