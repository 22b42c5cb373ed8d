using System.Globalization;
using Network.Capture;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Capture;

public sealed class CaptureSessionTests : IDisposable
{
    private readonly VxlanPair _pair;

    public CaptureSessionTests()
    {
        Requires.Root();
        Requires.Tool("tshark");
        _pair = new VxlanPair();
    }

    public void Dispose() => _pair.Dispose();

    [Fact]
    public async Task One_file_shows_a_packet_at_every_device_of_its_way_in_order_of_time()
    {
        var settings = new CaptureSettings([_pair.UnderlayOfB, _pair.TunnelOfB, _pair.UnderlayOfA, _pair.TunnelOfA]);
        using var recording = await Recording.OfAsync(settings, () => VxlanPair.Ping(_pair.A, "10.9.0.2", 20));

        var times = recording.Fields("frame", "frame.time_epoch").Select(line => decimal.Parse(line[0], CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(times.Order(), times);
        Assert.Equal(0, recording.Report.Late);
        var way = recording.Fields("icmp.type == 8 && icmp.seq == 7", "frame.interface_name", "frame.packet_flags_direction", "vxlan.vni");
        Assert.Equal(["a/vxlan|0x00000002|", "a/eth0|0x00000002|77", "b/eth0|0x00000001|77", "b/vxlan|0x00000001|"], way.Select(line => string.Join('|', line)));
        Assert.Equal(4 * 20 * 2, recording.Fields("icmp", "frame.number").Length);
    }

    [Fact]
    public async Task Filter_runs_in_the_kernel()
    {
        var settings = new CaptureSettings([_pair.UnderlayOfA]) { Filter = "udp port 9999" };
        using var recording = await Recording.OfAsync(settings, () =>
        {
            _pair.SendUdp(9998, 500);
            _pair.SendUdp(9999, 5);
        });

        var source = Assert.Single(recording.Report.Sources);
        Assert.Equal((5, 5, 0), (source.Packets, source.Accepted, source.Lost));
        Assert.All(recording.Fields("frame", "udp.dstport"), line => Assert.Equal("9999", line[0]));
    }

    [Fact]
    public async Task Packets_from_before_the_filter_do_not_leak_in()
    {
        using var stop = new CancellationTokenSource();
        var flood = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                _pair.SendUdp(9998, 50);
        });
        var settings = new CaptureSettings([_pair.UnderlayOfA]) { Filter = "udp port 9999" };
        for (var i = 0; i < 3; i++)
        {
            using var recording = await Recording.OfAsync(settings, () => _pair.SendUdp(9999, 5));
            Assert.Equal(5, recording.Report.Packets);
        }

        await stop.CancelAsync();
        await flood;
    }

    [Fact]
    public async Task Burst_of_packets_is_recorded_whole()
    {
        var settings = new CaptureSettings([_pair.UnderlayOfA, _pair.UnderlayOfB]) { Filter = "udp port 9999" };
        using var recording = await Recording.OfAsync(settings, () => _pair.SendUdp(9999, 5000));

        Assert.All(recording.Report.Sources, source => Assert.Equal((5000, 0), (source.Packets, source.Lost)));
        Assert.Equal(10000, recording.Fields("udp.port == 9999", "frame.number").Length);
    }

    [Fact]
    public async Task Inner_host_is_found_plain_and_inside_the_tunnel()
    {
        var settings = new CaptureSettings([_pair.UnderlayOfA, _pair.TunnelOfA])
        {
            Filter = CaptureFilter.Build("", System.Net.IPAddress.Parse("10.9.0.3")),
        };
        using var recording = await Recording.OfAsync(settings, () =>
        {
            VxlanPair.Ping(_pair.A, "10.9.0.2", 3);
            VxlanPair.Ping(_pair.A, "10.9.0.3", 4);
        });

        Assert.Equal(16, recording.Fields("icmp && ip.addr == 10.9.0.3", "frame.number").Length);
        Assert.Empty(recording.Fields("ip.addr == 10.9.0.2", "frame.number"));
        Assert.NotEmpty(recording.Fields("arp && vxlan", "frame.number"));
    }

    [Theory]
    [InlineData(77, 8)]
    [InlineData(78, 0)]
    public async Task Network_number_selects_tunnel_packets(int vni, int expected)
    {
        var settings = new CaptureSettings([_pair.UnderlayOfA]) { Filter = CaptureFilter.Build("", vni: vni) };
        using var recording = await Recording.OfAsync(settings, () => VxlanPair.Ping(_pair.A, "10.9.0.2", 4));

        Assert.Equal(expected, recording.Fields("icmp", "frame.number").Length);
    }

    [Fact]
    public async Task Short_snap_length_keeps_the_length_on_the_wire()
    {
        var settings = new CaptureSettings([_pair.UnderlayOfA]) { Filter = "udp port 9999", SnapLength = 60 };
        using var recording = await Recording.OfAsync(settings, () => _pair.SendUdp(9999, 2));

        Assert.All(recording.Fields("frame", "frame.cap_len", "frame.len"), line => Assert.Equal(["60", "142"], line));
        Assert.Equal(2, recording.Report.Packets);
    }

    [Fact]
    public void Device_that_is_not_there_is_named()
    {
        var source = new CaptureSource("a/none", _pair.A.Name, "none", "");
        var error = Assert.Throws<CaptureException>(() => CaptureSession.Open(new CaptureSettings([source]), TimeProvider.System));
        Assert.Contains("a/none", error.Message);
        Assert.Contains("no device none", error.Message);
    }
}
