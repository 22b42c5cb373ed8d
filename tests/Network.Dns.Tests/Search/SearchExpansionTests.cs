using System.Net;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Search;
using Network.Dns.Tests.Cluster;
using Network.Dns.Tests.Forward;
using Network.Dns.Wire;
using Xunit;

namespace Network.Dns.Tests.Search;

public sealed class SearchExpansionTests : IAsyncLifetime
{
    private static readonly string[] s_searches = ["app.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example", "lab.example"];
    private readonly ScriptedUpstream _upstream = new();
    private DnsServerFixture _dns = null!;

    public ValueTask InitializeAsync()
    {
        _dns = new DnsServerFixture(_upstream.Address);
        _dns.Index.PutNamespace("app");
        _dns.Index.PutNamespace("other");
        _dns.Index.Put(new DnsService("other", "db") { ClusterIps = [IPAddress.Parse("10.96.0.7")] });
        _upstream.Answer = query => query.Name == "www.example."
            ? query.Type == RecordType.A ? ScriptedUpstream.Addresses(60, "192.0.2.80") : new DnsAnswer(ResponseCode.NoError) { Authorities = [ScriptedUpstream.Authority(60)] }
            : new DnsAnswer(ResponseCode.NxDomain) { Authorities = [ScriptedUpstream.Authority(60)] };
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _dns.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public void First_question_of_the_series_gets_the_final_answer_under_its_own_name()
    {
        Know(expand: true);
        var answer = _dns.Dig("www.example.app.svc.cluster.local", "A");
        Assert.Matches(@"www\.example\.app\.svc\.cluster\.local\.\s+60\s+IN\s+A\s+192\.0\.2\.80", answer);
        Assert.DoesNotContain("CNAME", answer);
        Assert.Equal(["www.example.corp.example. A", "www.example.lab.example. A", "www.example. A"], _upstream.Asked);
    }

    [Fact]
    public void Type_the_name_does_not_have_is_nodata_not_nxdomain()
    {
        Know(expand: true);
        var answer = _dns.Dig("www.example.app.svc.cluster.local", "AAAA");
        Assert.Contains("status: NOERROR", answer);
        Assert.Contains("ANSWER: 0", answer);
    }

    [Fact]
    public void Service_of_another_namespace_is_found_at_the_first_question()
    {
        Know(expand: true);
        Assert.Equal("10.96.0.7", _dns.Short("db.other.app.svc.cluster.local", "A"));
        Assert.Empty(_upstream.Asked);
    }

    [Fact]
    public void Name_that_exists_nowhere_is_nxdomain()
    {
        Know(expand: true);
        Assert.Contains("NXDOMAIN", _dns.Dig("not.there.app.svc.cluster.local", "A"));
    }

    [Fact]
    public void Missing_service_asks_no_upstream_for_a_single_label()
    {
        Know(expand: true);
        Assert.Contains("NXDOMAIN", _dns.Dig("typo.app.svc.cluster.local", "A"));
        Assert.DoesNotContain("typo. A", _upstream.Asked);
    }

    [Fact]
    public void Missing_name_stays_nxdomain_when_the_upstream_is_dead()
    {
        Know(expand: true);
        _upstream.Answer = _ => null;
        Assert.Contains("NXDOMAIN", _dns.Dig("+time=9", "www.example.app.svc.cluster.local", "A"));
    }

    [Theory]
    [InlineData(true, "www.example.svc.cluster.local")]
    [InlineData(true, "www.example.other.svc.cluster.local")]
    [InlineData(false, "www.example.app.svc.cluster.local")]
    public void Other_questions_are_answered_as_they_are(bool expand, string name)
    {
        Know(expand);
        Assert.Contains("NXDOMAIN", _dns.Dig(name, "A"));
        Assert.Empty(_upstream.Asked);
    }

    [Fact]
    public void Client_that_is_no_pod_is_answered_as_it_asks()
    {
        Assert.Contains("NXDOMAIN", _dns.Dig("www.example.app.svc.cluster.local", "A"));
        Assert.Empty(_upstream.Asked);
    }

    // Where dig asks from.
    private void Know(bool expand) => _dns.Server.Pods.Put(IPAddress.Loopback, new ClientPod("app", "client", s_searches, expand));
}
