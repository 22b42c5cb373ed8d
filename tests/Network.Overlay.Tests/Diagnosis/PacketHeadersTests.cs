using System.Net;
using Network.Diagnosis.Trace;
using PacketDotNet;
using Xunit;

namespace Network.Overlay.Tests.Diagnosis;

/// <summary>The reader of headers, beside PacketDotNet, which wrote the packets.</summary>
public sealed class PacketHeadersTests
{
    private const int Seed = 20260;
    private static readonly IPAddress s_a = IPAddress.Parse("10.244.1.2"), s_b = IPAddress.Parse("10.244.2.3"), s_left = IPAddress.Parse("172.30.0.2"), s_right = IPAddress.Parse("172.30.0.3");

    [Fact]
    public void A_SYN_is_read_with_its_number()
    {
        var headers = PacketHeaders.Read(Frame(Tcp()), ethernet: true, 0)!;
        Assert.Equal((s_a, s_b, PacketHeaders.Tcp, (ushort)40000, (ushort)80, 123456u, PacketHeaders.Syn),
            (headers.Source, headers.Destination, headers.Protocol, headers.SourcePort, headers.DestinationPort, headers.Sequence, headers.Flags));
        Assert.Null(headers.Tunnel);
    }

    [Fact]
    public void Without_Ethernet_the_type_is_told_by_the_caller()
    {
        var frame = Frame(Tcp());
        Assert.Equal(123456u, PacketHeaders.Read(frame.AsSpan(14), ethernet: false, 0x0800)!.Sequence);
        Assert.Null(PacketHeaders.Read(frame.AsSpan(14), ethernet: false, 0x86dd));
    }

    [Fact]
    public void In_a_tunnel_the_inner_packet_is_read_and_the_outer_one_told()
    {
        var headers = PacketHeaders.Read(InVxlan(Frame(Tcp()), 7, 4789), ethernet: true, 0)!;
        Assert.Equal((s_a, s_b, 123456u), (headers.Source, headers.Destination, headers.Sequence));
        Assert.Equal((7u, s_left, s_right), (headers.Tunnel!.Vni, headers.Tunnel.Source, headers.Tunnel.Destination));
    }

    [Fact]
    public void Another_port_is_no_tunnel_unless_it_is_said_to_be()
    {
        var frame = InVxlan(Frame(Tcp()), 7, 8472);
        Assert.Equal(PacketHeaders.Udp, PacketHeaders.Read(frame, ethernet: true, 0)!.Protocol);
        Assert.Equal(7u, PacketHeaders.Read(frame, ethernet: true, 0, vxlanPort: 8472)!.Tunnel!.Vni);
    }

    [Fact]
    public void An_ICMP_error_is_read_with_the_packet_it_quotes()
    {
        byte[] icmp = [3, 4, 0, 0, 0, 0, 5, 0xdc, .. Ip(Tcp()).Bytes];
        var ip = new IPv4Packet(s_left, s_a) { Protocol = ProtocolType.Icmp, PayloadData = icmp };
        var headers = PacketHeaders.Read(Frame(ip), ethernet: true, 0)!;
        Assert.True(headers.IsIcmpError);
        Assert.Equal((s_a, s_b, 123456u), (headers.Quoted!.Source, headers.Quoted.Destination, headers.Quoted.Sequence));
    }

    [Fact]
    public void A_cookie_is_the_first_eight_bytes_of_the_data()
    {
        var udp = new UdpPacket(40000, 81) { PayloadData = [1, 2, 3, 4, 5, 6, 7, 8, 9] };
        Assert.Equal(0x0102030405060708ul, PacketHeaders.Read(Frame(Ip(udp)), ethernet: true, 0)!.Cookie);
    }

    [Fact]
    public void Later_pieces_of_a_packet_have_no_ports()
    {
        var ip = Ip(Tcp());
        ip.FragmentOffset = 100;
        Assert.Equal(0, PacketHeaders.Read(Frame(ip), ethernet: true, 0)!.SourcePort);
    }

    [Fact]
    public void Every_truncation_is_read_or_refused_and_never_throws()
    {
        var frame = InVxlan(Frame(Tcp()), 7, 4789);
        for (var length = 0; length < frame.Length; length++)
            _ = PacketHeaders.Read(frame.AsSpan(0, length), ethernet: true, 0);
        Assert.Null(PacketHeaders.Read(frame.AsSpan(0, 33), ethernet: true, 0));
    }

    [Fact]
    public void Noise_never_throws()
    {
        var random = new Random(Seed);
        var good = InVxlan(Frame(Tcp()), 7, 4789);
        for (var round = 0; round < 50_000; round++)
        {
            var bytes = good[..random.Next(good.Length + 1)];
            for (var flips = random.Next(8); flips > 0 && bytes.Length > 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var read = PacketHeaders.Read(bytes, random.Next(2) == 0, (ushort)(random.Next(2) == 0 ? 0x0800 : 0x86dd));
            Assert.True(read is null || read.Source.AddressFamily == read.Destination.AddressFamily);
        }
    }

    private static TcpPacket Tcp() => new(40000, 80) { SequenceNumber = 123456, Synchronize = true };

    private static IPv4Packet Ip(Packet payload) => new(s_a, s_b) { PayloadPacket = payload };

    private static byte[] Frame(Packet payload) => new EthernetPacket(System.Net.NetworkInformation.PhysicalAddress.Parse("02-00-00-00-00-01"), System.Net.NetworkInformation.PhysicalAddress.Parse("02-00-00-00-00-02"), EthernetType.IPv4)
    {
        PayloadPacket = payload is IPv4Packet ? payload : Ip(payload),
    }.Bytes;

    private static byte[] InVxlan(byte[] inner, int vni, ushort port)
    {
        byte[] vxlan = [8, 0, 0, 0, (byte)(vni >> 16), (byte)(vni >> 8), (byte)vni, 0, .. inner];
        return Frame(new IPv4Packet(s_left, s_right) { PayloadPacket = new UdpPacket(50000, port) { PayloadData = vxlan } });
    }
}
