using System.Net;
using Network.Netlink;
using Network.ServiceProxy.Announce;
using Xunit;

namespace Network.Overlay.Tests.ServiceProxy;

public sealed class ArpFrameTests
{
    private static readonly MacAddress s_own = MacAddress.Parse("0a:00:00:00:00:01"), s_other = MacAddress.Parse("0a:00:00:00:00:02");
    private static readonly IPAddress s_address = IPAddress.Parse("192.0.2.200"), s_asker = IPAddress.Parse("192.0.2.9");

    [Fact]
    public void Answer_is_what_a_capture_of_the_kernels_own_shows()
    {
        // tcpdump -xx of a reply by Linux to "who has 192.0.2.200 tell 192.0.2.9".
        const string expected = "0A00000000020A00000000010806" + "00010800060400020A0000000001C00002C80A0000000002C0000209";
        var request = new ArpFrame(ArpFrame.Broadcast, s_other, true, s_other, s_asker, default, s_address);

        Assert.Equal(expected, Convert.ToHexString(new ArpProtocol(null!, s_own).Answer(new Heard(request.SenderMac, request.Sender, request.Sender, request.Target))));
    }

    [Fact]
    public void What_is_written_is_read_and_padding_does_not_matter()
    {
        foreach (var frame in (ArpFrame[])[.. ArpFrame.Announcements(s_address, s_own), ArpFrame.Probe(s_address, s_own)])
        {
            Assert.True(ArpFrame.TryParse([.. frame.ToBytes(), .. new byte[18]], out var read));
            Assert.Equal(frame, read);
        }
    }

    [Fact]
    public void Announcements_name_the_address_as_sender_and_target_and_a_probe_claims_nothing()
    {
        Assert.All(ArpFrame.Announcements(s_address, s_own), frame => Assert.Equal((s_address, s_address, ArpFrame.Broadcast), (frame.Sender, frame.Target, frame.Destination)));
        Assert.Equal([true, false], ArpFrame.Announcements(s_address, s_own).Select(frame => frame.IsRequest));
        Assert.Equal(IPAddress.Any, ArpFrame.Probe(s_address, s_own).Sender);
    }

    [Fact]
    public void No_truncation_and_no_noise_is_taken_for_a_frame()
    {
        var whole = ArpFrame.Probe(s_address, s_own).ToBytes();
        for (var length = 0; length < whole.Length; length++)
            Assert.False(ArpFrame.TryParse(whole.AsSpan(0, length), out _));
        foreach (var (at, value) in ((int, byte)[])[(12, 0x86), (15, 6), (16, 0x86), (18, 8), (19, 16), (21, 3), (21, 0)])
        {
            var broken = whole.ToArray();
            broken[at] = value;
            Assert.False(ArpFrame.TryParse(broken, out _), $"byte {at} = {value}");
        }

        var random = new Random(826);
        var noise = new byte[64];
        for (var i = 0; i < 20_000; i++)
        {
            random.NextBytes(noise);
            if (ArpFrame.TryParse(noise.AsSpan(0, random.Next(noise.Length)), out var read))
                Assert.Equal(read, ArpFrame.TryParse(read.ToBytes(), out var again) ? again : default);
        }
    }
}
