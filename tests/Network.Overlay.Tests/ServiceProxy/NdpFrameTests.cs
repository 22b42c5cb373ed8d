using System.Net;
using Network.Netlink;
using Network.ServiceProxy.Announce;
using Xunit;

namespace Network.Overlay.Tests.ServiceProxy;

public sealed class NdpFrameTests
{
    private static readonly MacAddress s_own = MacAddress.Parse("0a:00:00:00:00:01"), s_other = MacAddress.Parse("0a:00:00:00:00:02");
    private static readonly IPAddress s_address = IPAddress.Parse("2001:db8::200"), s_local = IPAddress.Parse("fe80::1"), s_asker = IPAddress.Parse("2001:db8::9");
    private static readonly NdpProtocol s_protocol = new(null!, s_own, s_local, 1, null!);

    [Fact]
    public void What_is_written_is_read_with_padding_behind_it()
    {
        byte[][] frames = [.. s_protocol.Announcements(s_address), s_protocol.Probe(s_address), s_protocol.Answer(new Heard(s_other, s_asker, null, s_address)), s_protocol.Answer(new Heard(s_other, IPAddress.IPv6Any, null, s_address))];
        foreach (var frame in frames)
        {
            Assert.True(NdpFrame.TryParse([.. frame, .. new byte[9]], out var read));
            Assert.Equal(frame, read.ToBytes());
        }
    }

    [Fact]
    public void Groups_are_those_of_the_specifications()
    {
        // RFC 4291, section 2.7.1, and RFC 2464, section 7, by their examples' rule.
        Assert.Equal("ff02::1:ff0e:8c6c", NdpFrame.SolicitedNode(IPAddress.Parse("4037::1:800:200e:8c6c")).ToString());
        Assert.Equal("33:33:ff:0e:8c:6c", NdpFrame.GroupMac(IPAddress.Parse("ff02::1:ff0e:8c6c")).ToString());
    }

    [Fact]
    public void Who_asks_is_answered_alone_and_who_has_no_address_yet_before_everybody()
    {
        Assert.True(NdpFrame.TryParse(s_protocol.Answer(new Heard(s_other, s_asker, null, s_address)), out var alone));
        Assert.Equal((s_other, s_asker, true, false, s_own), (alone.Destination, alone.To, alone.Solicited, alone.Override, alone.LinkAddress!.Value));
        Assert.True(NdpFrame.TryParse(s_protocol.Answer(new Heard(s_other, IPAddress.IPv6Any, null, s_address)), out var all));
        Assert.Equal((NdpFrame.AllNodes, false, true), (all.To, all.Solicited, all.Override));
    }

    [Fact]
    public void No_truncation_no_changed_byte_and_no_noise_is_taken_for_a_frame()
    {
        var whole = s_protocol.Announcements(s_address).First();
        for (var length = 0; length < whole.Length; length++)
            Assert.False(NdpFrame.TryParse(whole.AsSpan(0, length), out _), $"{length} bytes");
        // From the IPv6 header's length on, every byte is under the checksum or has one right value; the flow label may be anything.
        for (var at = 18; at < whole.Length; at++)
        {
            var broken = whole.ToArray();
            broken[at] ^= 0x11;
            Assert.False(NdpFrame.TryParse(broken, out _), $"byte {at}");
        }

        var random = new Random(4861);
        var noise = new byte[96];
        for (var i = 0; i < 20_000; i++)
        {
            random.NextBytes(noise);
            whole.AsSpan(0, random.Next(whole.Length)).CopyTo(noise);
            NdpFrame.TryParse(noise.AsSpan(0, random.Next(noise.Length)), out _);
        }
    }
}
