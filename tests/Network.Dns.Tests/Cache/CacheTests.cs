using Network.Dns.Plugins.Cache;
using Network.Dns.Plugins.Forward;
using Network.Dns.Tests.Cluster;
using Network.Dns.Tests.Forward;
using Network.Dns.Wire;
using Network.TestKit;
using Xunit;

namespace Network.Dns.Tests.Cache;

public sealed class CacheTests : IAsyncLifetime
{
    private readonly ScriptedUpstream _upstream = new();
    private readonly ManualTime _time = new();
    private DnsServerFixture _dns = null!;

    public ValueTask InitializeAsync()
    {
        _dns = new DnsServerFixture(new DnsServerOptions
        {
            Time = _time,
            Settings = settings => settings with
            {
                Forward = new ForwardSettings { Upstreams = [new Upstream(_upstream.Address)], Timeout = TimeSpan.FromSeconds(2), MaxFails = 1000 },
                Cache = new CacheSettings { PrefetchHits = 2 },
            },
        });
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _dns.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public void Answer_is_remembered_and_its_time_runs_down()
    {
        _upstream.Answer = _ => ScriptedUpstream.Addresses(300, "192.0.2.1");
        Assert.Contains("300\tIN\tA\t192.0.2.1", _dns.Dig("one.example", "A"));
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.Contains("200\tIN\tA\t192.0.2.1", _dns.Dig("OnE.example", "A"));
        Assert.Single(_upstream.Asked);
    }

    [Fact]
    public void Types_are_remembered_apart()
    {
        _upstream.Answer = query => query.Type == RecordType.A ? ScriptedUpstream.Addresses(300, "192.0.2.1") : ScriptedUpstream.Addresses(300, "2001:db8::1");
        Assert.Equal("192.0.2.1", _dns.Short("two.example", "A"));
        Assert.Equal("2001:db8::1", _dns.Short("two.example", "AAAA"));
    }

    [Fact]
    public void No_such_name_is_remembered_as_long_as_its_SOA_says()
    {
        Assert.Contains("NXDOMAIN", _dns.Dig("none.example", "A"));
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Contains("NXDOMAIN", _dns.Dig("none.example", "A"));
        Assert.Single(_upstream.Asked);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Contains("NXDOMAIN", _dns.Dig("none.example", "A"));
        Assert.Equal(2, _upstream.Asked.Count);
    }

    [Fact]
    public void What_nobody_can_renew_is_given_on_and_says_so()
    {
        _upstream.Answer = _ => ScriptedUpstream.Addresses(60, "192.0.2.9");
        Assert.Equal("192.0.2.9", _dns.Short("kept.example", "A"));
        _upstream.Answer = _ => null;
        _time.Advance(TimeSpan.FromSeconds(61));
        var stale = _dns.Dig("kept.example", "A");
        Assert.Contains("30\tIN\tA\t192.0.2.9", stale);
        Assert.Contains("EDE: 3 (Stale Answer)", stale);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Contains("SERVFAIL", _dns.Dig("kept.example", "A"));
    }

    [Fact]
    public async Task What_many_ask_is_renewed_before_it_ends()
    {
        _upstream.Answer = _ => ScriptedUpstream.Addresses(100, "192.0.2.5");
        for (var i = 0; i < 4; i++)
            Assert.Equal("192.0.2.5", _dns.Short("hot.example", "A"));
        _time.Advance(TimeSpan.FromSeconds(95));
        _upstream.Answer = _ => ScriptedUpstream.Addresses(100, "192.0.2.6");
        Assert.Equal("192.0.2.5", _dns.Short("hot.example", "A"));
        await Eventually.TrueAsync(() => _dns.Short("hot.example", "A") == "192.0.2.6", TimeSpan.FromSeconds(10));
        Assert.Equal(2, _upstream.Asked.Count);
    }

    [Fact]
    public void An_answer_without_EDNS_has_no_OPT_record()
    {
        _upstream.Answer = _ => ScriptedUpstream.Addresses(100, "192.0.2.7");
        foreach (var _ in Enumerable.Range(0, 2))
        {
            Assert.DoesNotContain("OPT PSEUDOSECTION", _dns.Dig("+noedns", "plain.example", "A"));
            Assert.Contains("OPT PSEUDOSECTION", _dns.Dig("+edns=0", "plain.example", "A"));
        }
    }

    [Fact]
    public async Task Of_many_who_ask_the_same_at_once_one_asks_on()
    {
        using var gate = new ManualResetEventSlim();
        _upstream.Answer = query =>
        {
            if (query.Type == RecordType.A)
                gate.Wait(TimeSpan.FromSeconds(5));
            return ScriptedUpstream.Addresses(100, "192.0.2.8");
        };
        var asking = Enumerable.Range(0, 8).Select(_ => Task.Run(() => _dns.Short("+time=5", "same.example", "A"))).ToList();
        await Eventually.TrueAsync(() => !_upstream.Asked.IsEmpty, TimeSpan.FromSeconds(10));
        gate.Set();
        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal("192.0.2.8", answer));
        // A question that runs into the time-out is asked again by the one who asks on; nobody else does.
        Assert.True(_upstream.Asked.Count <= 2, string.Join(", ", _upstream.Asked));
    }
}
