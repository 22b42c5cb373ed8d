using System.Buffers.Binary;
using System.Net;
using Network.Netlink;

namespace Network.ServiceProxy.Announce;

/// <summary>A neighbour solicitation or advertisement over Ethernet (RFC 4861, sections 4.3 and 4.4), with its Ethernet and IPv6 headers.</summary>
/// <param name="LinkAddress">Of the source/target link-layer address option; null without.</param>
internal readonly record struct NdpFrame(MacAddress Destination, MacAddress Source, IPAddress From, IPAddress To, bool IsSolicitation, IPAddress Target, bool Solicited, bool Override,
    MacAddress? LinkAddress)
{
    internal const ushort EtherType = 0x86dd;
    internal const byte Solicitation = 135, Advertisement = 136;
    private const int EthernetLength = 14, Ipv6Length = 40, MessageLength = 24, OptionLength = 8;
    private const byte Icmp = 58, HopLimit = 255, SourceOption = 1, TargetOption = 2, SolicitedFlag = 0x40, OverrideFlag = 0x20;

    internal static IPAddress AllNodes { get; } = IPAddress.Parse("ff02::1");

    /// <summary>The group that the owner of an address listens to (RFC 4291, section 2.7.1).</summary>
    internal static IPAddress SolicitedNode(IPAddress address)
    {
        var group = IPAddress.Parse("ff02::1:ff00:0").GetAddressBytes();
        address.GetAddressBytes().AsSpan(13).CopyTo(group.AsSpan(13));
        return new IPAddress(group);
    }

    /// <summary>Ethernet's address of a group (RFC 2464, section 7).</summary>
    internal static MacAddress GroupMac(IPAddress group) => MacAddress.FromBytes([0x33, 0x33, .. group.GetAddressBytes().AsSpan(12)]);

    internal byte[] ToBytes()
    {
        var length = MessageLength + (LinkAddress is null ? 0 : OptionLength);
        var frame = new byte[EthernetLength + Ipv6Length + length];
        Destination.CopyTo(frame);
        Source.CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), EtherType);
        var ip = frame.AsSpan(EthernetLength);
        ip[0] = 6 << 4;
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)length);
        (ip[6], ip[7]) = (Icmp, HopLimit);
        From.TryWriteBytes(ip[8..], out _);
        To.TryWriteBytes(ip[24..], out _);
        var message = ip[Ipv6Length..];
        message[0] = IsSolicitation ? Solicitation : Advertisement;
        if (!IsSolicitation)
            message[4] = (byte)((Solicited ? SolicitedFlag : 0) | (Override ? OverrideFlag : 0));
        Target.TryWriteBytes(message[8..], out _);
        if (LinkAddress is { } link)
        {
            (message[24], message[25]) = (IsSolicitation ? SourceOption : TargetOption, 1);
            link.CopyTo(message[26..]);
        }

        BinaryPrimitives.WriteUInt16BigEndian(message[2..], Checksum(ip));
        return frame;
    }

    /// <summary>False for anything else, and for what RFC 4861 (section 7.1) has silently discarded: another hop limit, a wrong checksum, a multicast target.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> frame, out NdpFrame parsed)
    {
        parsed = default;
        if (frame.Length < EthernetLength + Ipv6Length + MessageLength || BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != EtherType)
            return false;
        var ip = frame[EthernetLength..];
        var length = BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
        if (ip[0] >> 4 != 6 || ip[6] != Icmp || ip[7] != HopLimit || length < MessageLength || Ipv6Length + length > ip.Length)
            return false;
        ip = ip[..(Ipv6Length + length)];
        var message = ip[Ipv6Length..];
        var target = new IPAddress(message[8..24]);
        if (message[0] is not (Solicitation or Advertisement) || message[1] != 0 || target.IsIPv6Multicast || Checksum(ip) != 0 || !TryOptions(message, out var link))
            return false;
        parsed = new NdpFrame(MacAddress.FromBytes(frame[..6]), MacAddress.FromBytes(frame[6..12]), new IPAddress(ip[8..24]), new IPAddress(ip[24..40]), message[0] == Solicitation, target,
            (message[4] & SolicitedFlag) != 0 && message[0] == Advertisement, (message[4] & OverrideFlag) != 0 && message[0] == Advertisement, link);
        return true;
    }

    private static bool TryOptions(ReadOnlySpan<byte> message, out MacAddress? link)
    {
        link = null;
        var wanted = message[0] == Solicitation ? SourceOption : TargetOption;
        for (var rest = message[MessageLength..]; rest.Length > 0; rest = rest[(rest[1] * 8)..])
        {
            // A length of zero would never end.
            if (rest.Length < 2 || rest[1] == 0 || rest[1] * 8 > rest.Length)
                return false;
            if (rest[0] == wanted)
                link = MacAddress.FromBytes(rest[2..8]);
        }

        return true;
    }

    // RFC 4443, section 2.3: with the pseudo-header of addresses, length and protocol. Zero over a message that is whole.
    private static ushort Checksum(ReadOnlySpan<byte> ip)
    {
        var message = ip[Ipv6Length..];
        var sum = (uint)(message.Length + Icmp);
        foreach (var part in (ReadOnlySpan<int>)[0, 1])
        {
            var bytes = part == 0 ? ip[8..Ipv6Length] : message;
            for (var i = 0; i < bytes.Length; i += 2)
                sum += (uint)((bytes[i] << 8) | (i + 1 < bytes.Length ? bytes[i + 1] : 0));
        }

        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
