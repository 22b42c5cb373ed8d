using Network.Diagnosis.Trace;
using PacketDotNet;

namespace Network.Diagnosis.Drops;

/// <summary>Reads who sends to whom from a packet's first bytes.</summary>
public static class FlowReader
{
    public static PacketFlow Read(in PacketEvent packet) => Read(packet.Bytes, packet.HasEthernet, packet.Protocol);

    /// <summary>Never throws, whatever the bytes are.</summary>
    /// <param name="bytes">The beginning of the packet.</param>
    /// <param name="ethernet">Whether it begins with an Ethernet header; else with the network header.</param>
    /// <param name="protocol">Its EtherType.</param>
    public static PacketFlow Read(ReadOnlySpan<byte> bytes, bool ethernet, ushort protocol)
    {
        var other = new PacketFlow(Name(protocol), null, null, 0, null);
        try
        {
            var outer = Packet.ParsePacket(ethernet ? LinkLayers.Ethernet : LinkLayers.Raw, bytes.ToArray()).Extract<IPPacket>();
            if (outer is null)
                return other;
            var vxlan = outer.Extract<VxlanPacket>();
            return vxlan?.PayloadPacket?.Extract<IPPacket>() is { } inner
                ? Of(inner) with { Tunnel = new TunnelHeader((uint)vxlan.Vni, outer.SourceAddress, outer.DestinationAddress) }
                : Of(outer);
        }
        // PacketDotNet reads headers lazily and without looking at how many bytes there are; what it throws then is not defined.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return other;
        }
    }

    private static PacketFlow Of(IPPacket ip)
    {
        var protocol = ip.Protocol switch
        {
            ProtocolType.IcmpV6 => "ICMPv6",
            var known => known.ToString().ToUpperInvariant(),
        };
        return new PacketFlow(protocol, ip.SourceAddress, ip.DestinationAddress, ip.Extract<TransportPacket>()?.DestinationPort ?? 0, null);
    }

    private static string Name(ushort protocol) => protocol switch
    {
        0x0806 => "ARP",
        0x0800 => "IPv4",
        0x86dd => "IPv6",
        _ => $"type 0x{protocol:x4}",
    };
}
