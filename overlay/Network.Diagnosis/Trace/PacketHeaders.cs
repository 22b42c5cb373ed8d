using System.Buffers.Binary;
using System.Net;
using Network.Diagnosis.Drops;

namespace Network.Diagnosis.Trace;

/// <summary>
/// Headers of an IP packet, of the innermost one when it is in VXLAN (RFC 7348). Fields a protocol does not have are 0. Reads
/// spans: never throws, whatever the bytes are.
/// </summary>
public sealed record PacketHeaders(IPAddress Source, IPAddress Destination, byte Protocol)
{
    public const byte Icmp = 1, Tcp = 6, Udp = 17, IcmpV6 = 58;
    public const byte Syn = 2, Reset = 4, Acknowledges = 16;
    private const int Ethernet = 14, Vxlan = 8;
    private const ushort TypeIpv4 = 0x0800, TypeIpv6 = 0x86dd, TypeVlan = 0x8100;

    public ushort SourcePort { get; init; }

    public ushort DestinationPort { get; init; }

    public uint Sequence { get; init; }

    public uint Acknowledgement { get; init; }

    /// <summary>TCP: the flags' byte.</summary>
    public byte Flags { get; init; }

    public byte IcmpType { get; init; }

    public byte IcmpCode { get; init; }

    /// <summary>The first eight bytes behind the transport header, as a number; 0 when they are not there.</summary>
    public ulong Cookie { get; init; }

    /// <summary>The network and nodes around it, when it is in a tunnel.</summary>
    public TunnelHeader? Tunnel { get; init; }

    /// <summary>An ICMP error's: the packet it is about.</summary>
    public PacketHeaders? Quoted { get; init; }

    public bool IsIcmpError => (Protocol == Icmp && IcmpType is 3 or 11) || (Protocol == IcmpV6 && IcmpType is >= 1 and <= 3);

    public static PacketHeaders? Read(in PacketEvent packet, int vxlanPort = 4789) => Read(packet.Bytes, packet.HasEthernet, packet.Protocol, vxlanPort);

    /// <param name="bytes">The packet's beginning.</param>
    /// <param name="ethernet">Whether that is an Ethernet header; else it is the network header.</param>
    /// <param name="type">EtherType, where there is no Ethernet header.</param>
    /// <param name="vxlanPort">UDP port of tunnels.</param>
    /// <returns>Null when it is no IP packet, or too little of one.</returns>
    public static PacketHeaders? Read(ReadOnlySpan<byte> bytes, bool ethernet, ushort type, int vxlanPort = 4789)
    {
        if (ethernet && !SkipEthernet(ref bytes, out type))
            return null;
        return Ip(bytes, type, vxlanPort, quoted: false);
    }

    private static bool SkipEthernet(ref ReadOnlySpan<byte> bytes, out ushort type)
    {
        type = 0;
        if (bytes.Length < Ethernet)
            return false;
        type = BinaryPrimitives.ReadUInt16BigEndian(bytes[12..]);
        bytes = bytes[Ethernet..];
        if (type != TypeVlan)
            return true;
        if (bytes.Length < 4)
            return false;
        type = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        bytes = bytes[4..];
        return true;
    }

    private static PacketHeaders? Ip(ReadOnlySpan<byte> bytes, ushort type, int vxlanPort, bool quoted)
    {
        if (type == TypeIpv4 && bytes.Length >= 20 && bytes[0] >> 4 == 4 && (bytes[0] & 15) * 4 is >= 20 and var length && length <= bytes.Length)
        {
            // Later pieces of a packet begin with its data.
            var later = (BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) & 0x1fff) != 0;
            return Transport(new PacketHeaders(new IPAddress(bytes.Slice(12, 4)), new IPAddress(bytes.Slice(16, 4)), bytes[9]), later ? [] : bytes[length..], vxlanPort, quoted);
        }

        return type == TypeIpv6 && bytes.Length >= 40 && bytes[0] >> 4 == 6
            ? Transport(new PacketHeaders(new IPAddress(bytes.Slice(8, 16)), new IPAddress(bytes.Slice(24, 16)), bytes[6]), bytes[40..], vxlanPort, quoted)
            : null;
    }

    private static PacketHeaders Transport(PacketHeaders ip, ReadOnlySpan<byte> bytes, int vxlanPort, bool quoted)
    {
        if (bytes.Length < 8)
            return ip;
        if (ip.Protocol is Icmp or IcmpV6)
            return OfIcmp(ip, bytes, vxlanPort, quoted);
        if (ip.Protocol is not (Tcp or Udp))
            return ip;
        var ports = ip with { SourcePort = BinaryPrimitives.ReadUInt16BigEndian(bytes), DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]) };
        if (ip.Protocol == Tcp)
        {
            var tcp = ports with { Sequence = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]) };
            return bytes.Length < 14 ? tcp : tcp with { Acknowledgement = BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]), Flags = bytes[13] };
        }

        return !quoted && ports.DestinationPort == vxlanPort && InTunnel(ports, bytes[8..], vxlanPort) is { } inner ? inner : ports with { Cookie = CookieAt(bytes, 8) };
    }

    private static PacketHeaders? InTunnel(PacketHeaders outer, ReadOnlySpan<byte> bytes, int vxlanPort)
    {
        if (bytes.Length < Vxlan || (bytes[0] & 8) == 0)
            return null;
        var vni = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]) >> 8;
        bytes = bytes[Vxlan..];
        return SkipEthernet(ref bytes, out var type) && Ip(bytes, type, vxlanPort, quoted: true) is { } inner
            ? inner with { Tunnel = new TunnelHeader(vni, outer.Source, outer.Destination) }
            : null;
    }

    private static PacketHeaders OfIcmp(PacketHeaders ip, ReadOnlySpan<byte> bytes, int vxlanPort, bool quoted)
    {
        var icmp = ip with { IcmpType = bytes[0], IcmpCode = bytes[1], Cookie = CookieAt(bytes, 8) };
        return icmp.IsIcmpError && !quoted ? icmp with { Quoted = Ip(bytes[8..], ip.Protocol == Icmp ? TypeIpv4 : TypeIpv6, vxlanPort, quoted: true) } : icmp;
    }

    private static ulong CookieAt(ReadOnlySpan<byte> bytes, int at) => bytes.Length >= at + 8 ? BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]) : 0;
}
