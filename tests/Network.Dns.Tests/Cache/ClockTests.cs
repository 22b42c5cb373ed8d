using Network.Dns.Plugins.Cache;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Forward;
using Network.Dns.Tests.Cluster;
using Network.Dns.Tests.Forward;
using Xunit;

namespace Network.Dns.Tests.Cache;

/// <summary>Somebody sets the machine's clock; time itself goes on as before.</summary>
public sealed class ClockTests
{
    [Theory]
    [InlineData(-400)]
    [InlineData(400)]
    public async Task A_clock_that_is_set_ages_no_answer(int days)
    {
        var clock = new SetClock();
        await using var upstream = new ScriptedUpstream { Answer = _ => ScriptedUpstream.Addresses(300, "192.0.2.1") };
        await using var dns = new DnsServerFixture(new DnsServerOptions
        {
            Time = clock,
            Settings = settings => settings with { Forward = new ForwardSettings { Upstreams = [new Upstream(upstream.Address)] }, Cache = new CacheSettings() },
        });
        Assert.Equal("192.0.2.1", dns.Short("one.example", "A"));
        clock.Offset = TimeSpan.FromDays(days);
        Assert.Equal("192.0.2.1", dns.Short("one.example", "A"));
        Assert.Equal("192.0.2.1", dns.Short("+cookie", "one.example", "A"));
        Assert.Single(upstream.Asked);
    }

    [Fact]
    public void The_serial_of_the_zone_never_goes_back_also_over_a_restart()
    {
        var clock = new SetClock();
        var index = new ClusterIndex(time: clock) { Complete = true };
        index.Put(new DnsService("default", "web"));
        clock.Offset = TimeSpan.FromDays(-400);
        index.Put(new DnsService("default", "web") { ExternalName = "a.example" });
        var serial = index.Serial;
        var next = new ClusterIndex(time: clock);
        next.Fill(index.Contents());
        next.Put(new DnsService("default", "web") { ExternalName = "b.example" });
        Assert.True(next.Serial > serial, $"{next.Serial} after {serial}");
    }

    private sealed class SetClock : TimeProvider
    {
        internal TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
    }
}
