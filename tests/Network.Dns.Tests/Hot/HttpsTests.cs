using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Tests.Cluster;
using Network.Dns.Tests.Config;
using Network.Dns.Tests.Fuzz;
using Network.Dns.Wire;
using Network.TestKit;
using Xunit;

namespace Network.Dns.Tests.Hot;

/// <summary>DNS over HTTPS (RFC 8484), asked by dig and by HTTP's own client.</summary>
public sealed class HttpsTests : IAsyncLifetime
{
    private readonly CorefileServer _server = new();
    private readonly DnsServerFixture _dns;
    private readonly HttpClient _http;

    public HttpsTests()
    {
        _dns = _server.Start("""
            .:10053, https://.:10443 {
              transfer {
                to *
              }
              kubernetes cluster.local
            }
            """, settings => settings with { Tls = TestCertificate.Options() });
        _dns.Index.PutNamespace("default");
        _dns.Index.Put(new DnsService("default", "web") { ClusterIps = [IPAddress.Parse("10.96.0.20")] });
        _http = new HttpClient(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true } })
        {
            BaseAddress = new Uri($"https://{_dns.Address.Address}:10443"), Timeout = TimeSpan.FromSeconds(20),
        };
    }

    public ValueTask InitializeAsync() => new(Eventually.TrueAsync(IsUp, TimeSpan.FromSeconds(20)));

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("+https")]
    [InlineData("+https-get")]
    public void Dig_is_answered(string way)
    {
        Requires.Tool("dig");
        var answer = Shell.Run("dig", $"@{_dns.Address.Address}", "-p", "10443", way, "+short", "+tries=1", "+time=5", "web.default.svc.cluster.local", "A");
        Assert.Equal("10.96.0.20", answer.Trim());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 0)]
    public async Task Both_versions_of_HTTP_are_spoken(int major, int minor)
    {
        using var request = Post(Query("web.default.svc.cluster.local", RecordType.A));
        (request.Version, request.VersionPolicy) = (new Version(major, minor), HttpVersionPolicy.RequestVersionExact);
        using var response = await _http.SendAsync(request);
        Assert.Equal((HttpStatusCode.OK, new Version(major, minor)), (response.StatusCode, response.Version));
        Assert.Equal("application/dns-message", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(TimeSpan.FromSeconds(5), response.Headers.CacheControl!.MaxAge);
        Assert.Equal(IPAddress.Parse("10.96.0.20"), new IPAddress((await response.Content.ReadAsByteArrayAsync())[^4..]));
    }

    [Fact]
    public async Task A_no_may_be_kept_as_long_as_its_SOA_says_and_a_transfer_is_refused()
    {
        using var none = await _http.SendAsync(Post(Query("none.default.svc.cluster.local", RecordType.A)));
        Assert.Equal(ResponseCode.NxDomain, (ResponseCode)((await none.Content.ReadAsByteArrayAsync())[3] & 15));
        Assert.Equal(TimeSpan.FromSeconds(5), none.Headers.CacheControl!.MaxAge);
        // By TCP the same question has an answer, so it is not the chain that refuses.
        Assert.Contains("web.default.svc.cluster.local.", _dns.Dig("cluster.local", "AXFR"));
        using var transfer = await _http.SendAsync(Post(Query("cluster.local", RecordType.AXFR)));
        Assert.Equal(ResponseCode.Refused, (ResponseCode)((await transfer.Content.ReadAsByteArrayAsync())[3] & 15));
    }

    [Fact]
    public async Task What_is_no_question_has_its_code()
    {
        var query = Query("web.default.svc.cluster.local", RecordType.A);
        byte[] response = [.. query];
        response[2] |= 0x80;
        Assert.Equal(HttpStatusCode.BadRequest, await CodeAsync(Post(response)));
        Assert.Equal(HttpStatusCode.BadRequest, await CodeAsync(Post([1, 2, 3])));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await CodeAsync(Post(new byte[70_000])));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, await CodeAsync(Post(query, "application/octet-stream")));
        Assert.Equal(HttpStatusCode.NotFound, await CodeAsync(new HttpRequestMessage(HttpMethod.Get, "/else")));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await CodeAsync(new HttpRequestMessage(HttpMethod.Put, "/dns-query")));
        foreach (var wrong in (string[])["", "?dns=", "?dns=%21%21", "?dns=AAA", "?dns=AA&dns=AA", "?other=AA"])
            Assert.Equal(HttpStatusCode.BadRequest, await CodeAsync(new HttpRequestMessage(HttpMethod.Get, $"/dns-query{wrong}")));
    }

    [Fact]
    public async Task Every_truncation_and_any_garbage_is_answered_with_a_message_or_a_code()
    {
        var query = Query("web.default.svc.cluster.local", RecordType.A);
        for (var length = 0; length < query.Length; length++)
            await CheckAsync(query[..length]);
        var mutator = new PacketMutator(8484);
        var packet = new byte[PacketMutator.Most * 2];
        for (var i = 0; i < 400; i++)
            await CheckAsync(packet[..mutator.Next(packet)]);
        Assert.True(IsUp());
    }

    private async Task CheckAsync(byte[] message)
    {
        using var response = await _http.SendAsync(Post(message));
        if (response.StatusCode == HttpStatusCode.BadRequest)
        {
            Assert.True(message.Length < DnsQuery.HeaderLength || (message[2] & 0x80) != 0);
            return;
        }

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(message[..2], answer[..2]);
        Assert.True((answer[2] & 0x80) != 0);
    }

    private bool IsUp()
    {
        try
        {
            return CodeAsync(Post(Query("web.default.svc.cluster.local", RecordType.A))).GetAwaiter().GetResult() == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<HttpStatusCode> CodeAsync(HttpRequestMessage request)
    {
        using var response = await _http.SendAsync(request);
        return response.StatusCode;
    }

    private static HttpRequestMessage Post(byte[] message, string type = "application/dns-message") => new(HttpMethod.Post, "/dns-query")
    {
        Content = new ByteArrayContent(message) { Headers = { ContentType = new MediaTypeHeaderValue(type) } },
    };

    private static byte[] Query(string name, RecordType type) => [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. DnsName.Encode(name), 0, (byte)type, 0, 1];
}
