using System.Net;
using System.Net.Sockets;
using Network.Diagnosis.Trace;
using Network.Kernel.Tests.Capture;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Diagnosis;

public sealed class PacketTraceTests : IDisposable
{
    private const int Payload = 977, Headers = 28, Ethernet = 14, Tunnel = 50;
    private readonly VxlanPair _pair;

    public PacketTraceTests()
    {
        Requires.Root();
        _pair = new VxlanPair();
    }

    public void Dispose() => _pair.Dispose();

    [Fact]
    public async Task One_packet_is_seen_at_every_device_in_order_and_nothing_else()
    {
        const int inner = Payload + Headers, frame = inner + Ethernet;
        using var trace = PacketTrace.Open(new PacketTraceSettings([PacketEventKind.Sent, PacketEventKind.Received], [inner, frame, frame + Tunnel, inner + Tunnel]));
        VxlanPair.Ping(_pair.A, "10.9.0.2", 3);
        using var receiver = _pair.B.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        receiver.Bind(new IPEndPoint(IPAddress.Parse("10.9.0.2"), 0));
        using var sender = _pair.A.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        sender.SendTo(new byte[Payload], receiver.LocalEndPoint!);
        var nodes = new Dictionary<uint, string> { [(uint)NetNs.Inode(_pair.A.Path)] = "a", [(uint)NetNs.Inode(_pair.B.Path)] = "b" };
        var seen = new List<(string Hop, ulong Buffer, long Time)>();
        await Eventually.TrueAsync(() =>
        {
            trace.Read((in PacketEvent packet) => seen.Add(($"{nodes.GetValueOrDefault(packet.NetNs)}/{packet.Device} {packet.Kind}", packet.Buffer, packet.Time)));
            return seen.Count >= 4;
        }, TimeSpan.FromSeconds(20), () => string.Join('\n', seen));
        Assert.Equal(["a/vx Sent", "a/eth0 Sent", "b/eth0 Received", "b/vx Received"], seen.Select(hop => hop.Hop));
        Assert.Single(seen.Select(hop => hop.Buffer).Distinct());
        Assert.Equal(seen.Select(hop => hop.Time).Order(), seen.Select(hop => hop.Time));
        Assert.Equal(0, trace.Lost);
    }

    [Fact]
    public void What_does_not_fit_into_the_ring_is_counted()
    {
        using var trace = PacketTrace.Open(new PacketTraceSettings([PacketEventKind.Sent], [100 + Headers + Ethernet], RingBytes: 4096));
        _pair.SendUdp(9999, 200);
        var read = 0;
        trace.Read((in PacketEvent _) => read++);
        Assert.Equal(200, read + trace.Lost);
        Assert.InRange(read, 1, 4096 / PacketEvent.Size);
    }
}
