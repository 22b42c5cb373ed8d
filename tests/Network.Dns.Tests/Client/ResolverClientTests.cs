using System.Net;
using Network.Dns.Client;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Tests.Cluster;
using Network.Dns.Tests.Forward;
using Network.Dns.Wire;
using Xunit;

namespace Network.Dns.Tests.Client;

public sealed class ResolverClientTests : IAsyncLifetime
{
    private readonly ScriptedUpstream _upstream = new();
    private DnsServerFixture _dns = null!;

    public ValueTask InitializeAsync()
    {
        _dns = new DnsServerFixture(_upstream.Address);
        _dns.Index.PutNamespace("default");
        _dns.Index.Put(new DnsService("default", "web") { ClusterIps = [IPAddress.Parse("10.96.0.20")], Ports = [new DnsPort("http", "tcp", 80)] });
        _upstream.Answer = _ => ScriptedUpstream.Addresses(300, "192.0.2.1");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _dns.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("web.default.svc.cluster.local", RecordType.A, "10.96.0.20", "kubernetes: service default/web")]
    [InlineData("_http._tcp.web.default.svc.cluster.local", RecordType.SRV, "SRV 0 100 80 web.default.svc.cluster.local.", "kubernetes: port http/tcp of service default/web")]
    [InlineData("20.0.96.10.in-addr.arpa", RecordType.PTR, "PTR web.default.svc.cluster.local.", "kubernetes: service default/web")]
    [InlineData("10-1-2-3.default.pod.cluster.local", RecordType.A, "10.1.2.3", "kubernetes: address in the name")]
    [InlineData("www.example", RecordType.A, "192.0.2.1", "forward: asked 127.")]
    public async Task Server_tells_who_answered_and_the_object_behind_the_record(string name, RecordType type, string record, string source)
    {
        var answer = await AskAsync(name, type);
        Assert.Equal((ResponseCode.NoError, record), (answer.Code, Assert.Single(answer.Records)));
        Assert.StartsWith(source, answer.Source);
    }

    [Fact]
    public async Task Second_answer_comes_from_the_cache()
    {
        await AskAsync("www.example", RecordType.A);
        Assert.StartsWith("cache: good for ", (await AskAsync("www.example", RecordType.A)).Source);
    }

    [Fact]
    public async Task Missing_name_says_so() => Assert.StartsWith("kubernetes: no such name", (await AskAsync("none.default.svc.cluster.local", RecordType.A)).Source);

    [Fact]
    public async Task Nobody_there_is_no_answer() =>
        Assert.Null((await ResolverClient.AskAsync(new IPEndPoint(IPAddress.Loopback, 9), "x.example", RecordType.A, null, TimeSpan.FromSeconds(5), CancellationToken.None)).Code);

    [Theory]
    [InlineData("web", "web.a.svc.z. web.z. web.")]
    [InlineData("web.b", "web.b.a.svc.z. web.b.z. web.b.")]
    [InlineData("one.two.three", "one.two.three. one.two.three.a.svc.z. one.two.three.z.")]
    [InlineData("web.", "web.")]
    public void Names_are_made_in_the_order_of_the_C_library(string name, string expected) =>
        Assert.Equal(expected, string.Join(' ', SearchOrder.Read("nameserver 10.96.0.10\nsearch a.svc.z z\noptions ndots:2 edns0\n").NamesOf(name)));

    private Task<Resolution> AskAsync(string name, RecordType type) => ResolverClient.AskAsync(_dns.Address, name, type, null, TimeSpan.FromSeconds(10), CancellationToken.None);
}
