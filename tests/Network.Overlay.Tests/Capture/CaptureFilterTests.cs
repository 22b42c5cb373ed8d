using System.Net;
using Network.Capture;
using SharpPcap.LibPcap;
using Xunit;

namespace Network.Overlay.Tests.Capture;

public sealed class CaptureFilterTests
{
    [Theory]
    [InlineData("", "10.244.1.2", null, true)]
    [InlineData("", "10.244.2.2", 77, true)]
    [InlineData("", "10.244.1.3", null, false)]
    [InlineData("", null, 77, true)]
    [InlineData("", null, 76, false)]
    [InlineData("host 172.30.0.3", "10.244.2.2", 77, true)]
    [InlineData("tcp or udp port 53", "10.244.2.2", 77, false)]
    public void Filter_matches_the_tunnel_packet(string words, string? innerHost, int? vni, bool matches)
    {
        var expression = CaptureFilter.Build(words, innerHost is null ? null : IPAddress.Parse(innerHost), vni);
        using var program = BpfProgram.Create(PacketDotNet.LinkLayers.Ethernet, expression);
        Assert.Equal(matches, program.Matches(Frames.Vxlan()));
    }

    [Fact]
    public void Inner_host_matches_the_plain_packet()
    {
        using var program = BpfProgram.Create(PacketDotNet.LinkLayers.Ethernet, CaptureFilter.Build("", IPAddress.Parse("10.244.2.2")));
        Assert.True(program.Matches(Frames.Echo()));
    }

    [Theory]
    [InlineData("tcp prot 80", null, null, "tcp prot 80")]
    [InlineData("tcp) or (udp", "10.0.0.1", null, "tcp) or (udp")]
    [InlineData("", "fd00::1", null, "inner host fd00::1")]
    [InlineData("", null, 16777216, "vni 16777216")]
    public void Error_names_the_field(string words, string? innerHost, int? vni, string named)
    {
        var error = Assert.Throws<CaptureException>(() => CaptureFilter.Build(words, innerHost is null ? null : IPAddress.Parse(innerHost), vni));
        Assert.Contains(named, error.Message);
    }

    [Fact]
    public void Nothing_asked_for_is_the_empty_filter() => Assert.Equal("", CaptureFilter.Build(""));
}
