using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class KubeletProxyTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private async Task<FakeKubelet> NodeWithPodAsync(string name)
    {
        var kubelet = new FakeKubelet(server.IssueServing("127.0.0.1"));
        using var client = server.Admin();
        await client.SendAsync("POST", "/api/v1/nodes", $$$"""
            {"metadata":{"name":"{{{name}}}"},"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],
             "daemonEndpoints":{"kubeletEndpoint":{"Port": {{{kubelet.Port}}} } } } }
            """);
        var pod = $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"nodeName":"{{{name}}}","containers":[{"name":"c","image":"x"}]}}""";
        Assert.Equal(201, (await client.SendAsync("POST", "/api/v1/namespaces/default/pods", pod)).Code);
        return kubelet;
    }

    [Fact]
    public async Task Logs_come_from_the_pods_node_with_the_servers_own_certificate()
    {
        Requires.Tool("kubectl");
        await using var kubelet = await NodeWithPodAsync("logger");
        Assert.Equal("line1\nline2\n", server.Kubectl("logs", "logger", "--tail=5"));
        Assert.StartsWith("GET /containerLogs/default/logger/c?tailLines=5 HTTP/1.1\r\n", kubelet.Heads[0]);
        Assert.Contains("podnet-apiserver", kubelet.ClientName);
    }

    [Fact]
    public async Task An_upgraded_stream_carries_bytes_both_ways_untouched()
    {
        await using var kubelet = await NodeWithPodAsync("shell");
        using var tcp = new TcpClient("127.0.0.1", server.Url.Port);
        await using var tls = new SslStream(tcp.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", ClientCertificates = [server.Issue("admin", "system:masters")] });
        await tls.WriteAsync(Encoding.ASCII.GetBytes(
            "POST /api/v1/namespaces/default/pods/shell/exec?command=ls&container=c&stdout=true HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
            + "X-Stream-Protocol-Version: v4.channel.k8s.io\r\nContent-Length: 0\r\n\r\n"));
        var head = await ReadUntilAsync(tls, "hello ");
        Assert.StartsWith("HTTP/1.1 101", head);
        Assert.Contains("X-Stream-Protocol-Version: v4.channel.k8s.io", head);
        await tls.WriteAsync(new byte[] { 0x80, 0x03, 0, 0xff });
        Assert.Equal("\u0080\u0003\0\u00ff", await ReadUntilAsync(tls, "\u00ff"));
        Assert.StartsWith("POST /exec/default/shell/c?command=ls&stdout=true HTTP/1.1\r\n", kubelet.Heads[0]);
        Assert.Contains("Upgrade: SPDY/3.1", kubelet.Heads[0]);
    }

    [Fact]
    public async Task A_pod_without_a_node_and_a_request_without_upgrade_are_refused_by_name()
    {
        using var client = server.Admin();
        await client.SendAsync("POST", "/api/v1/namespaces/default/pods", """{"metadata":{"name":"homeless"},"spec":{"containers":[{"name":"c","image":"x"}]}}""");
        var (code, status) = await client.SendAsync("GET", "/api/v1/namespaces/default/pods/homeless/log");
        Assert.Equal((400, "pod homeless does not have a host assigned"), (code, (string)status["message"]!));
        await using var kubelet = await NodeWithPodAsync("plain");
        var (refused, why) = await client.SendAsync("POST", "/api/v1/namespaces/default/pods/plain/exec?command=ls");
        Assert.Equal((400, "Upgrade request required"), (refused, (string)why["message"]!));
    }

    private static async Task<string> ReadUntilAsync(Stream stream, string end)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var (text, buffer) = ("", new byte[1024]);
        while (!text.EndsWith(end, StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer, patience.Token);
            Assert.True(count > 0, "closed after: " + text);
            text += Encoding.Latin1.GetString(buffer, 0, count);
        }

        return text;
    }
}
