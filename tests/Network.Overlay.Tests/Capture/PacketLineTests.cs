using System.Net;
using System.Net.NetworkInformation;
using Network.Capture;
using Network.Capture.Decode;
using PacketDotNet;
using Xunit;

namespace Network.Overlay.Tests.Capture;

public sealed class PacketLineTests
{
    private static readonly OpenedSource s_source = new(new CaptureSource("w1/eth0", null, "w1-eth0", ""), 1);

    [Fact]
    public void Tunnel_packet_shows_both_headers_on_one_line()
    {
        var frame = Frames.Vxlan();
        var line = PacketLine.Format(new CapturedPacket
        {
            Source = 0,
            Timestamp = 1_700_000_000_123_456_789,
            WireLength = frame.Length,
            Direction = PacketDirection.Outbound,
            Data = frame,
        }, s_source, TimeZoneInfo.Utc);
        Assert.Equal("22:13:20.123456 w1/eth0 out 172.30.0.2 > 172.30.0.3 VXLAN 77 | 10.244.1.2 > 10.244.2.2 ICMP echo request id 1 seq 1, 92 B", line);
    }

    [Fact]
    public void Segments_datagrams_and_address_questions_say_what_they_are()
    {
        var segment = new TcpPacket(40000, 80) { Synchronize = true, Acknowledgment = true, SequenceNumber = 7 };
        Assert.Equal("10.0.0.1:40000 > 10.0.0.2:80 TCP SYN,ACK seq 7 len 0, 54 B", Of(Framed(new IPv4Packet(IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2")) { PayloadPacket = segment })));
        var datagram = new UdpPacket(5353, 53) { PayloadData = new byte[12] };
        Assert.Equal("[fd00::1]:5353 > [fd00::2]:53 UDP len 12, 74 B", Of(Framed(new IPv6Packet(IPAddress.Parse("fd00::1"), IPAddress.Parse("fd00::2")) { PayloadPacket = datagram })));
        var question = new ArpPacket(ArpOperation.Request, PhysicalAddress.Parse("000000000000"), IPAddress.Parse("10.0.0.2"), PhysicalAddress.Parse("020000000001"), IPAddress.Parse("10.0.0.1"));
        Assert.Equal("ARP who has 10.0.0.2 tell 10.0.0.1, 42 B", Of(Framed(question)));
    }

    [Fact]
    public void Every_cut_and_every_garbled_packet_still_gives_one_line()
    {
        var whole = Frames.Vxlan();
        for (var length = 0; length <= whole.Length; length++)
            Assert.EndsWith(", 92 B", PacketLine.Summary(whole.AsSpan(0, length), 92, 1));

        var random = new Random(4789);
        for (var i = 0; i < 2000; i++)
        {
            var garbled = Frames.Vxlan();
            for (var change = random.Next(1, 8); change > 0; change--)
                garbled[random.Next(12, garbled.Length)] = (byte)random.Next(256);
            var line = PacketLine.Summary(garbled.AsSpan(0, random.Next(garbled.Length + 1)), 92, 1);
            Assert.EndsWith(", 92 B", line);
            Assert.DoesNotContain('\n', line);
        }
    }

    private static EthernetPacket Framed(Packet payload) => new(PhysicalAddress.Parse("020000000001"), PhysicalAddress.Parse("020000000002"), payload switch
    {
        ArpPacket => EthernetType.Arp,
        IPv6Packet => EthernetType.IPv6,
        _ => EthernetType.IPv4,
    })
    { PayloadPacket = payload };

    private static string Of(EthernetPacket frame)
    {
        frame.UpdateCalculatedValues();
        return PacketLine.Summary(frame.Bytes, frame.Bytes.Length, 1);
    }
}
