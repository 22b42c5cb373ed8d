using Xunit;

namespace Network.Overlay.Tests.Overlay;

public sealed class ProbePacketTests
{
    private static readonly ProbePacket s_packet = new(IsAnswer: true, Unchecked: true, Size: 1450, Target: -2, Sequence: 0xfffffffe, SentAt: long.MinValue + 5);

    [Fact]
    public void Packet_has_exactly_the_bytes_of_the_layout()
    {
        var bytes = new byte[ProbePacket.HeaderSize];
        s_packet.Write(bytes);

        Assert.Equal("504E7031" + "02" + "01" + "05AA" + "FFFFFFFE" + "FFFFFFFE" + "8000000000000005", Convert.ToHexString(bytes));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Packet_survives_a_round_trip_with_padding_left_alone(bool answer, bool withoutChecksum)
    {
        var packet = s_packet with { IsAnswer = answer, Unchecked = withoutChecksum };
        var bytes = new byte[1400];
        bytes.AsSpan().Fill(0xee);
        packet.Write(bytes);

        Assert.True(ProbePacket.TryRead(bytes, out var read));
        Assert.Equal(packet, read);
        Assert.All(bytes[ProbePacket.HeaderSize..], b => Assert.Equal(0xee, b));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var bytes = new byte[ProbePacket.HeaderSize];
        s_packet.Write(bytes);

        for (var length = 0; length < bytes.Length; length++)
            Assert.False(ProbePacket.TryRead(bytes.AsSpan(0, length), out _), $"{length} bytes");
    }

    [Fact]
    public void Whatever_is_read_from_random_bytes_is_written_as_it_was()
    {
        var random = new Random(20260801);
        var bytes = new byte[64];
        var again = new byte[ProbePacket.HeaderSize];
        var read = 0;
        for (var round = 0; round < 100_000; round++)
        {
            random.NextBytes(bytes);
            if (round % 2 == 0)
                "PNp1"u8.CopyTo(bytes);
            if (round % 4 == 0)
                (bytes[4], bytes[5]) = ((byte)random.Next(4), (byte)random.Next(3));
            if (!ProbePacket.TryRead(bytes.AsSpan(0, random.Next(bytes.Length)), out var packet))
                continue;
            read++;
            packet.Write(again);
            Assert.Equal(bytes[..ProbePacket.HeaderSize], again);
        }

        Assert.InRange(read, 1000, 50_000);
    }
}
