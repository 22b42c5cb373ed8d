using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>The proxy subresource against a kubelet that opens tunnels to a scripted web server.</summary>
public sealed class ProxyTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    [Fact]
    public async Task Every_method_reaches_the_pod_with_its_body_and_path_and_the_answer_comes_back_whole()
    {
        await using var kubelet = await PodAsync("web");
        using var admin = server.Admin();
        foreach (var method in new[] { "GET", "POST", "PUT", "PATCH", "DELETE" })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/namespaces/default/pods/web:8080/proxy/a%20b/c/?x=1");
            request.Headers.Add("X-Mine", "yes");
            if (method is "POST" or "PUT" or "PATCH")
                request.Content = new StringContent("the body");
            using var answer = await admin.SendAsync(request);
            Assert.Equal((HttpStatusCode)418, answer.StatusCode);
            Assert.Equal("teapot", answer.Headers.GetValues("X-Kind").Single());
            var echo = await answer.Content.ReadAsStringAsync();
            Assert.StartsWith($"{method} /a%20b/c/?x=1 HTTP/1.1\r\n", echo);
            Assert.Contains("X-Mine: yes", echo);
            Assert.EndsWith(request.Content is null ? "\r\n\r\n" : "the body", echo);
        }

        Assert.Equal("/tunnel/default/web/8080", kubelet.Tunnels[0]);
    }

    [Fact]
    public async Task A_service_leads_to_a_ready_endpoint_and_without_one_says_so()
    {
        await using var kubelet = await PodAsync("backend");
        using var admin = server.Admin();
        await admin.SendAsync("POST", "/api/v1/namespaces/default/services", """{"metadata":{"name":"front"},"spec":{"ports":[{"name":"http","port":80,"targetPort":8081}]}}""");
        var (code, status) = await admin.SendAsync("GET", "/api/v1/namespaces/default/services/front/proxy/");
        Assert.Equal((503, "no endpoints available for service \"front\""), (code, (string)status["message"]!));
        await admin.SendAsync("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", """
            {"metadata":{"name":"front-1","labels":{"kubernetes.io/service-name":"front"}},"addressType":"IPv4","ports":[{"name":"http","port":8081,"protocol":"TCP"}],
             "endpoints":[{"addresses":["10.244.0.9"],"conditions":{"ready":false},"targetRef":{"kind":"Pod","name":"nobody","namespace":"default"}},
                          {"addresses":["10.244.0.8"],"conditions":{"ready":true},"targetRef":{"kind":"Pod","name":"backend","namespace":"default"}}]}
            """);
        foreach (var spelled in new[] { "front", "front:http", "front:80", "http:front:http" })
        {
            using var answer = await admin.GetAsync($"/api/v1/namespaces/default/services/{spelled}/proxy/hello");
            Assert.Equal((HttpStatusCode)418, answer.StatusCode);
        }

        Assert.All(kubelet.Tunnels, t => Assert.Equal("/tunnel/default/backend/8081", t));
        Assert.Equal(503, (await admin.SendAsync("GET", "/api/v1/namespaces/default/services/front:99/proxy/")).Code);
    }

    [Fact]
    public async Task A_path_without_its_slash_is_sent_to_the_one_with_it()
    {
        await using var kubelet = await PodAsync("slash");
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        handler.SslOptions.ClientCertificates = [server.Issue("admin", "system:masters")];
        using var client = new HttpClient(handler) { BaseAddress = server.Url };
        using var answer = await client.GetAsync("/api/v1/namespaces/default/pods/slash/proxy?x=1");
        Assert.Equal((HttpStatusCode.MovedPermanently, "/api/v1/namespaces/default/pods/slash/proxy/?x=1"), (answer.StatusCode, answer.Headers.Location!.ToString()));
    }

    [Fact]
    public async Task Using_the_proxy_needs_its_own_right()
    {
        await using var kubelet = await PodAsync("guarded");
        using var stranger = server.Client(server.Issue("stranger"));
        var (code, status) = await stranger.SendAsync("POST", "/api/v1/namespaces/default/pods/guarded/proxy/", "{}");
        Assert.Equal(403, code);
        Assert.Contains("cannot create resource \"pods/proxy\"", (string)status["message"]!);
        Assert.Empty(kubelet.Tunnels);
    }

    private async Task<TunnelKubelet> PodAsync(string name)
    {
        var kubelet = new TunnelKubelet(server.IssueServing("127.0.0.1"));
        using var admin = server.Admin();
        await admin.SendAsync("POST", "/api/v1/nodes", $$$"""
            {"metadata":{"name":"{{{name}}}"},"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],"daemonEndpoints":{"kubeletEndpoint":{"Port": {{{kubelet.Port}}} } } } }
            """);
        var (code, body) = await admin.SendAsync("POST", "/api/v1/namespaces/default/pods", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"nodeName":"{{{name}}}","containers":[{"name":"c","image":"x"}]}}""");
        Assert.True(code == 201, ((JsonObject)body).ToJsonString());
        return kubelet;
    }

    /// <summary>Accepts tunnels and answers one request in each with what it heard; it shares no HTTP code with the product.</summary>
    private sealed class TunnelKubelet : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly System.Security.Cryptography.X509Certificates.X509Certificate2 _certificate;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _loop;

        public TunnelKubelet(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate)
        {
            _certificate = certificate;
            _listener.Start();
            _loop = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public List<string> Tunnels { get; } = [];

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            _listener.Stop();
            await _loop;
            _stop.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                    await ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
            {
                // The test is over.
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using var _ = client;
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate });
            var opening = await ReadHeadAsync(tls);
            Tunnels.Add(opening.Split(' ')[1]);
            await tls.WriteAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"u8.ToArray());
            var head = await ReadHeadAsync(tls);
            var length = head.Split("\r\n").FirstOrDefault(l => l.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase)) is { } line ? int.Parse(line[16..]) : 0;
            var body = new byte[length];
            await tls.ReadExactlyAsync(body);
            var echo = head + Encoding.Latin1.GetString(body);
            await tls.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 418 Teapot\r\nX-Kind: teapot\r\nContent-Length: {echo.Length}\r\n\r\n{echo}"));
        }

        private async Task<string> ReadHeadAsync(Stream stream)
        {
            var (head, one) = ("", new byte[1]);
            while (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, _stop.Token) == 1)
                head += (char)one[0];
            return head;
        }
    }
}
