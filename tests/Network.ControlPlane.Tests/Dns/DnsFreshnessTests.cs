using System.Diagnostics.Metrics;
using Network.Dns.Plugins.Cluster;
using Network.Host.Dns;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Dns;

public sealed class DnsFreshnessTests
{
    private static readonly DateTimeOffset s_now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1, 7, null, 7)]
    [InlineData(7, 1, 3600, 7)]
    // One watch was never read: what is answered is the snapshot's.
    [InlineData(1, null, 3600, 3600)]
    [InlineData(null, null, null, null)]
    // Written by a clock that was ahead.
    [InlineData(null, null, -60, 0)]
    public void The_oldest_source_says_how_old_an_answer_may_be(int? first, int? second, int? snapshot, int? expected)
    {
        TimeSpan? Seconds(int? value) => value is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        Assert.Equal(Seconds(expected), DnsFreshness.Age([() => Seconds(first), () => Seconds(second)], s_now - Seconds(snapshot), s_now));
    }

    [Fact]
    public void A_change_of_endpoints_is_measured_from_its_trigger()
    {
        var time = new ManualTime();
        using var freshness = new DnsFreshness(new ClusterIndex(), [], null, time);
        var seen = new List<double>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, all) =>
        {
            if (instrument.Name == "coredns_kubernetes_dns_programming_duration_seconds")
                all.EnableMeasurementEvents(instrument);
        } };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) => seen.Add(tags[0].Value is "headless_with_selector" ? value : -1));
        listener.Start();
        freshness.Answered(time.GetUtcNow() - TimeSpan.FromMilliseconds(250));
        freshness.Answered(time.GetUtcNow() + TimeSpan.FromSeconds(5));
        Assert.Equal([0.25, 0], seen);
    }
}
