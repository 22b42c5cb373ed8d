using System.Buffers.Binary;
using System.Net;
using Network.Netlink;

namespace Network.ServiceProxy.Announce;

/// <summary>An ARP message for IPv4 over Ethernet, with its Ethernet header (RFC 826).</summary>
internal readonly record struct ArpFrame(MacAddress Destination, MacAddress Source, bool IsRequest, MacAddress SenderMac, IPAddress Sender, MacAddress TargetMac, IPAddress Target)
{
    internal const ushort EtherType = 0x0806;
    internal const int Length = 42;
    private const int HeaderLength = 14;
    private const ushort Ethernet = 1, Ipv4 = 0x0800, Request = 1, Reply = 2;

    internal static MacAddress Broadcast { get; } = MacAddress.Parse("ff:ff:ff:ff:ff:ff");

    /// <summary>Tells everybody on the segment whose an address is; as request and as reply, because some listen to one only (RFC 5227, section 2.3).</summary>
    internal static IEnumerable<ArpFrame> Announcements(IPAddress address, MacAddress own) =>
        [new(Broadcast, own, true, own, address, default, address), new(Broadcast, own, false, own, address, Broadcast, address)];

    /// <summary>Asks whether somebody has the address already, without claiming it (RFC 5227, section 2.1.1).</summary>
    internal static ArpFrame Probe(IPAddress address, MacAddress own) => new(Broadcast, own, true, own, IPAddress.Any, default, address);

    internal byte[] ToBytes()
    {
        var frame = new byte[Length];
        Write(frame, Destination, Source);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), EtherType);
        var arp = frame.AsSpan(HeaderLength);
        BinaryPrimitives.WriteUInt16BigEndian(arp, Ethernet);
        BinaryPrimitives.WriteUInt16BigEndian(arp[2..], Ipv4);
        (arp[4], arp[5]) = (MacAddress.Size, 4);
        BinaryPrimitives.WriteUInt16BigEndian(arp[6..], IsRequest ? Request : Reply);
        SenderMac.CopyTo(arp[8..]);
        Sender.TryWriteBytes(arp[14..], out _);
        TargetMac.CopyTo(arp[18..]);
        Target.TryWriteBytes(arp[24..], out _);
        return frame;
    }

    /// <summary>False for anything else; what follows the message is padding.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> frame, out ArpFrame parsed)
    {
        parsed = default;
        if (frame.Length < Length || BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != EtherType)
            return false;
        var arp = frame[HeaderLength..];
        var operation = BinaryPrimitives.ReadUInt16BigEndian(arp[6..]);
        if (BinaryPrimitives.ReadUInt16BigEndian(arp) != Ethernet || BinaryPrimitives.ReadUInt16BigEndian(arp[2..]) != Ipv4
            || arp[4] != MacAddress.Size || arp[5] != 4 || operation is not (Request or Reply))
            return false;
        parsed = new ArpFrame(MacAddress.FromBytes(frame[..6]), MacAddress.FromBytes(frame[6..12]), operation == Request,
            MacAddress.FromBytes(arp[8..14]), new IPAddress(arp[14..18]), MacAddress.FromBytes(arp[18..24]), new IPAddress(arp[24..28]));
        return true;
    }

    private static void Write(Span<byte> frame, MacAddress destination, MacAddress source)
    {
        destination.CopyTo(frame);
        source.CopyTo(frame[6..]);
    }
}
