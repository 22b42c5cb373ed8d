using System.Net;
using Network.Dns.Plugins.Cluster;
using Xunit;

namespace Network.Dns.Tests.Cluster;

public sealed class ClusterZoneTests : IAsyncLifetime
{
    private readonly DnsServerFixture _dns = new();

    public ValueTask InitializeAsync()
    {
        _dns.Index.PutNamespace("default");
        _dns.Index.Put(new DnsService("default", "web") { ClusterIps = [IPAddress.Parse("10.96.0.20")], Ports = [new DnsPort("http", "tcp", 80)] });
        _dns.Index.Put(new DnsService("default", "dual") { ClusterIps = [IPAddress.Parse("10.96.0.21"), IPAddress.Parse("fd00::21")] });
        _dns.Index.Put(new DnsService("default", "peers")
        {
            Headless = true,
            Ports = [new DnsPort("http", "tcp", 8080)],
            Endpoints =
            [
                new DnsEndpoint(IPAddress.Parse("10.244.1.2"), "db-0", [new DnsPort("http", "tcp", 8080)]),
                new DnsEndpoint(IPAddress.Parse("10.244.2.3"), null, [new DnsPort("http", "tcp", 8080)]),
            ],
        });
        _dns.Index.Put(new DnsService("default", "none") { Headless = true });
        _dns.Index.Put(new DnsService("default", "alias") { ExternalName = "web.default.svc.cluster.local" });
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _dns.DisposeAsync();

    [Theory]
    [InlineData("web.default.svc.cluster.local", "A", "10.96.0.20")]
    [InlineData("dual.default.svc.cluster.local", "AAAA", "fd00::21")]
    [InlineData("db-0.peers.default.svc.cluster.local", "A", "10.244.1.2")]
    [InlineData("10-244-2-3.peers.default.svc.cluster.local", "A", "10.244.2.3")]
    [InlineData("_http._tcp.web.default.svc.cluster.local", "SRV", "0 100 80 web.default.svc.cluster.local.")]
    [InlineData("10-244-1-9.default.pod.cluster.local", "A", "10.244.1.9")]
    [InlineData("dns-version.cluster.local", "TXT", "\"1.1.0\"")]
    [InlineData("20.0.96.10.in-addr.arpa", "PTR", "web.default.svc.cluster.local.")]
    [InlineData("2.1.244.10.in-addr.arpa", "PTR", "db-0.peers.default.svc.cluster.local.")]
    public void Name_answers_its_record(string name, string type, string expected) => Assert.Equal(expected, _dns.Short(name, type));

    [Fact]
    public void Headless_service_answers_every_endpoint() =>
        Assert.Equal(["10.244.1.2", "10.244.2.3"], _dns.Short("peers.default.svc.cluster.local", "A").Split('\n').Order());

    [Fact]
    public void Headless_srv_names_each_endpoint_with_glue()
    {
        var answer = _dns.Dig("_http._tcp.peers.default.svc.cluster.local", "SRV");
        Assert.Contains("0 50 8080 db-0.peers.default.svc.cluster.local.", answer);
        Assert.Contains("0 50 8080 10-244-2-3.peers.default.svc.cluster.local.", answer);
        Assert.Matches(@"db-0\.peers\.default\.svc\.cluster\.local\.\s+5\s+IN\s+A\s+10\.244\.1\.2", answer);
    }

    [Theory]
    [InlineData("web.default.svc.cluster.local", "AAAA")]
    [InlineData("web.default.svc.cluster.local", "MX")]
    [InlineData("default.svc.cluster.local", "A")]
    [InlineData("svc.cluster.local", "A")]
    [InlineData("_tcp.web.default.svc.cluster.local", "A")]
    public void Existing_name_without_the_type_is_nodata(string name, string type)
    {
        var answer = _dns.Dig(name, type);
        Assert.Contains("status: NOERROR", answer);
        Assert.Contains("ANSWER: 0", answer);
        Assert.Contains("SOA", answer);
    }

    [Theory]
    [InlineData("nothing.default.svc.cluster.local")]
    [InlineData("web.nowhere.svc.cluster.local")]
    [InlineData("none.default.svc.cluster.local")]
    [InlineData("a.b.c.d.svc.cluster.local")]
    [InlineData("10-244-1-9.nowhere.pod.cluster.local")]
    [InlineData("_https._tcp.web.default.svc.cluster.local")]
    public void Absent_name_is_nxdomain(string name) => Assert.Contains("status: NXDOMAIN", _dns.Dig(name, "A"));

    [Fact]
    public void External_name_is_an_alias_followed_within_the_cluster()
    {
        var answer = _dns.Short("alias.default.svc.cluster.local", "A");
        Assert.Equal(["web.default.svc.cluster.local.", "10.96.0.20"], answer.Split('\n'));
    }

    [Fact]
    public void Case_of_the_question_is_echoed() => Assert.Contains("WeB.dEfault.svc.cluster.LOCAL.", _dns.Dig("WeB.dEfault.svc.cluster.LOCAL", "A"));

    [Fact]
    public void Tcp_answers_like_udp() => Assert.Equal("10.96.0.20", _dns.Short("+tcp", "web.default.svc.cluster.local", "A"));

    [Fact]
    public void Answer_too_large_for_udp_is_truncated_and_complete_over_tcp()
    {
        var endpoints = Enumerable.Range(1, 100).Select(i => new DnsEndpoint(IPAddress.Parse($"10.244.9.{i}"), null, [])).ToList();
        _dns.Index.Put(new DnsService("default", "many") { Headless = true, Endpoints = endpoints });
        Assert.Contains("flags: qr aa tc", _dns.Dig("+ignore", "+noedns", "many.default.svc.cluster.local", "A"));
        Assert.Equal(100, _dns.Short("many.default.svc.cluster.local", "A").Split('\n').Length);
    }

    [Fact]
    public void A_change_is_visible_at_once_and_leaves_nothing_of_the_old_state()
    {
        _dns.Index.Put(new DnsService("default", "web") { ClusterIps = [IPAddress.Parse("10.96.0.99")] });
        Assert.Equal("10.96.0.99", _dns.Short("web.default.svc.cluster.local", "A"));
        Assert.Equal("web.default.svc.cluster.local.", _dns.Short("-x", "10.96.0.99"));
        Assert.Equal("", _dns.Short("-x", "10.96.0.20"));
        _dns.Index.Remove("default", "web");
        Assert.Contains("status: NXDOMAIN", _dns.Dig("web.default.svc.cluster.local", "A"));
        Assert.Equal("", _dns.Short("-x", "10.96.0.99"));
    }

    [Fact]
    public void Names_are_servfail_until_the_cluster_is_known()
    {
        _dns.Index.Complete = false;
        Assert.Contains("status: SERVFAIL", _dns.Dig("web.default.svc.cluster.local", "A"));
    }

    [Fact]
    public void Edns_version_one_is_badvers() => Assert.Contains("status: BADVERS", _dns.Dig("+edns=1", "+noednsneg", "web.default.svc.cluster.local", "A"));

    [Fact]
    public async Task Foreign_name_is_answered_by_the_upstream()
    {
        await using var upstream = new DnsServerFixture();
        upstream.Index.PutNamespace("up");
        upstream.Index.Put(new DnsService("up", "stream") { ClusterIps = [IPAddress.Parse("10.1.2.3")] });
        // The upstream's only zone is cluster.local, so a reverse name serves as the foreign question.
        await using var dns = new DnsServerFixture(upstream.Address);
        Assert.Equal("stream.up.svc.cluster.local.", dns.Short("-x", "10.1.2.3"));
    }
}
