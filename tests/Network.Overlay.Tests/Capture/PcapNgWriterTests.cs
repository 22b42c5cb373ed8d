using System.Net;
using Network.Capture;
using Network.Capture.PcapNg;
using Network.TestKit;
using Xunit;

namespace Network.Overlay.Tests.Capture;

public sealed class PcapNgWriterTests : IDisposable
{
    private const long Instant = 1_700_000_000_123_456_789;
    private readonly string _file = Path.GetTempFileName();

    public PcapNgWriterTests()
    {
        Requires.Tool("tshark");
        Requires.Tool("capinfos");
    }

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Packets_carry_interface_time_lengths_and_direction()
    {
        Write(writer =>
        {
            writer.WriteInterface(new PcapNgInterface("w1/eth0", "underlay", 1, 262144, "udp port 4789"));
            writer.WriteInterface(new PcapNgInterface("default/web-0/eth0", "pod", 1, 64, ""));
            writer.WritePacket(Packet(0, Instant, Frames.Vxlan(), PacketDirection.Outbound));
            writer.WritePacket(Packet(1, Instant + 1, Frames.Echo(), PacketDirection.Inbound) with { WireLength = 1500 });
            writer.WritePacket(Packet(1, Instant + 2, Frames.Echo(), PacketDirection.Unknown));
        });

        Assert.Equal(
            [
                "1700000000.123456789|w1/eth0|underlay|92|92|0x00000002|77",
                "1700000000.123456790|default/web-0/eth0|pod|42|1500|0x00000001|",
                "1700000000.123456791|default/web-0/eth0|pod|42|42||",
            ],
            Fields("frame.time_epoch", "frame.interface_name", "frame.interface_description", "frame.cap_len", "frame.len", "frame.packet_flags_direction", "vxlan.vni"));
    }

    [Fact]
    public void Application_comment_filter_and_counts_are_in_the_file()
    {
        Write(writer =>
        {
            writer.WriteInterface(new PcapNgInterface("lan", "", 1, 262144, "icmp"));
            writer.WritePacket(Packet(0, Instant, Frames.Echo(), PacketDirection.Inbound));
            writer.WriteStatistics(0, new PcapNgStatistics(Instant, Instant + 1_000_000_000, Accepted: 5, Lost: 4, Delivered: 1));
        });

        var info = Shell.Run("capinfos", _file);
        Assert.Contains("Capture application: podnet 0.1", info);
        Assert.Contains("Capture comment:     two nodes, \u00fcber alles", info);
        Assert.Contains("Filter string = icmp", info);
        Assert.Contains("Time precision = nanoseconds (9)", info);
        Assert.Contains("Number of stat entries = 1", info);
        Assert.Contains("Number of packets = 1", info);
    }

    [Fact]
    public void Names_are_resolved_by_a_reader()
    {
        Write(writer =>
        {
            writer.WriteInterface(new PcapNgInterface("lan", "", 1, 262144, ""));
            writer.WriteNames([
                new PcapNgName(IPAddress.Parse("10.244.1.2"), "default/web-0"),
                new PcapNgName(IPAddress.Parse("10.244.2.2"), "shop/db-0"),
                new PcapNgName(IPAddress.Parse("fd00::1"), "six"),
            ]);
            writer.WritePacket(Packet(0, Instant, Frames.Echo(), PacketDirection.Inbound));
        });

        Assert.Equal(["default/web-0|shop/db-0"], Fields("ip.src_host", "ip.dst_host"));
    }

    [Fact]
    public void File_that_was_cut_anywhere_shows_the_packets_before_the_cut()
    {
        using var memory = new MemoryStream();
        var ends = new List<long>();
        using (var writer = new PcapNgWriter(memory))
        {
            writer.WriteSection("podnet", "");
            writer.WriteInterface(new PcapNgInterface("lan", "", 1, 262144, ""));
            for (var i = 0; i < 3; i++)
            {
                writer.WritePacket(Packet(0, Instant + i, Frames.Echo(), PacketDirection.Inbound));
                writer.Flush();
                ends.Add(memory.Length);
            }
        }

        foreach (var cut in (long[])[ends[0], ends[0] + 4, ends[1] - 1, ends[1], ends[2] - 4, ends[2]])
        {
            File.WriteAllBytes(_file, memory.ToArray()[..(int)cut]);
            // tshark prints what it could read, and fails because of the cut.
            var printed = Shell.Run("sh", "-c", $"tshark -n -r {_file} -T fields -e frame.number 2>/dev/null || true");
            Assert.Equal(ends.Count(end => end <= cut), printed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }
    }

    [Fact]
    public void Packets_larger_than_the_buffer_are_written_whole()
    {
        var frame = new byte[CaptureSettings.WholePacket];
        Frames.Echo().CopyTo(frame, 0);
        Write(writer =>
        {
            writer.WriteInterface(new PcapNgInterface("lan", "", 1, CaptureSettings.WholePacket, ""));
            writer.WritePacket(Packet(0, Instant, frame, PacketDirection.Inbound));
            for (var size = 14; size < 90; size++)
                writer.WritePacket(Packet(0, Instant, frame.AsSpan(0, size), PacketDirection.Inbound));
        });

        Assert.Equal(77, Fields("frame.cap_len").Length);
        Assert.Equal("262144", Fields("frame.cap_len")[0]);
    }

    private static CapturedPacket Packet(int source, long time, ReadOnlySpan<byte> data, PacketDirection direction) => new()
    {
        Source = source,
        Timestamp = time,
        Data = data,
        WireLength = data.Length,
        Direction = direction,
    };

    private void Write(Action<PcapNgWriter> write)
    {
        using var stream = File.Create(_file);
        using var writer = new PcapNgWriter(stream);
        writer.WriteSection("podnet 0.1", "two nodes, \u00fcber alles");
        write(writer);
    }

    private string[] Fields(params string[] fields)
    {
        var arguments = new List<string> { "-N", "n", "-r", _file, "-T", "fields", "-E", "separator=|", "-E", "occurrence=f" };
        foreach (var field in fields)
            arguments.AddRange(["-e", field]);
        return Shell.Run("tshark", [.. arguments]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
