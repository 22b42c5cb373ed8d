using Network.Dns.Plugins.Forward;
using Network.Dns.Tests.Cluster;
using Network.TestKit;
using Xunit;

namespace Network.Dns.Tests.Forward;

public sealed class ForwardTests : IAsyncLifetime
{
    private readonly ScriptedUpstream _first = new();
    private readonly ScriptedUpstream _second = new();
    private DnsServerFixture _dns = null!;

    public ValueTask InitializeAsync()
    {
        _first.Answer = _second.Answer = _ => ScriptedUpstream.Addresses(60, "192.0.2.1");
        _dns = new DnsServerFixture(new DnsServerOptions
        {
            Settings = settings => settings with
            {
                Forward = new ForwardSettings
                {
                    Upstreams = [new Upstream(_first.Address), new Upstream(_second.Address)],
                    Policy = ForwardPolicy.Sequential,
                    Timeout = TimeSpan.FromMilliseconds(200),
                    HealthInterval = TimeSpan.FromMilliseconds(50),
                },
            },
        });
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _dns.DisposeAsync();
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Fact]
    public async Task Server_that_fails_is_left_alone_until_it_answers_again()
    {
        var silent = true;
        _first.Answer = _ => silent ? null : ScriptedUpstream.Addresses(60, "192.0.2.2");
        Assert.Equal("192.0.2.1", _dns.Short("a.example", "A"));
        Assert.Equal("192.0.2.1", _dns.Short("b.example", "A"));
        // Down now: the next question goes to the second at once.
        Assert.Equal("192.0.2.1", _dns.Short("c.example", "A"));
        Assert.DoesNotContain("c.example. A", _first.Asked);
        silent = false;
        var number = 0;
        await Eventually.TrueAsync(() => _dns.Short($"d{number++}.example", "A") == "192.0.2.2", TimeSpan.FromSeconds(10));
        Assert.Contains(". NS", _first.Asked);
    }

    [Fact]
    public void Nobody_answers_is_servfail_with_the_reason()
    {
        _first.Answer = _second.Answer = _ => null;
        var answer = _dns.Dig("gone.example", "A");
        Assert.Contains("SERVFAIL", answer);
        Assert.Contains("EDE: 22 (No Reachable Authority)", answer);
    }

    [Fact]
    public async Task Truncated_answer_is_fetched_over_TCP_on_a_connection_that_is_kept()
    {
        await using var upstream = new DnsServerFixture(new DnsServerOptions { Zone = "up.example" });
        var endpoints = Enumerable.Range(1, 120).Select(i => new Plugins.Cluster.DnsEndpoint(new System.Net.IPAddress([192, 0, 2, (byte)i]), null, [])).ToList();
        upstream.Index.Put(new Plugins.Cluster.DnsService("ns", "many") { Headless = true, Endpoints = endpoints });
        upstream.Index.Put(new Plugins.Cluster.DnsService("ns", "more") { Headless = true, Endpoints = endpoints });
        await using var dns = new DnsServerFixture(upstream.Address);
        Assert.Equal(120, dns.Short("+tcp", "many.ns.svc.up.example", "A").Split('\n').Length);
        Assert.Equal(120, dns.Short("+tcp", "more.ns.svc.up.example", "A").Split('\n').Length);
    }

    [Theory]
    [InlineData("nameserver 127.0.0.53\nnameserver 192.0.2.53\nsearch corp.example lab.example", "192.0.2.53:53", "corp.example lab.example")]
    [InlineData("nameserver ::1\n# nameserver 192.0.2.1\ndomain one.example", "", "one.example")]
    [InlineData("", "", "")]
    public void Resolv_conf_gives_servers_and_searches_without_loopback(string text, string servers, string searches)
    {
        var read = ResolvConf.Read(new StringReader(text));
        Assert.Equal(servers, string.Join(' ', read.Upstreams));
        Assert.Equal(searches, string.Join(' ', read.Searches));
    }
}
