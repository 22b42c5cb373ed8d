using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Subresources;

/// <summary>Connections to nodes' kubelets, with this server's own certificate and the kubelets' authority.</summary>
internal sealed class KubeletLink(ApiServerSettings settings)
{
    private const int DefaultKubeletPort = 10250;
    private static readonly TimeSpan s_connectPatience = TimeSpan.FromSeconds(10);

    public async Task<Stream> ConnectAsync(JsonObject node, CancellationToken cancel)
    {
        var address = AddressOf(node);
        var port = (int)(node.Number("status", "daemonEndpoints", "kubeletEndpoint", "Port") ?? DefaultKubeletPort);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(s_connectPatience);
        try
        {
            await socket.ConnectAsync(address, port, patience.Token);
            var stream = new SslStream(new NetworkStream(socket, true), false, (_, certificate, _, _) => Trusted(certificate));
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = address, ClientCertificates = settings.KubeletClientCertificate is { } own ? [own] : null,
                ApplicationProtocols = [SslApplicationProtocol.Http11],
            }, patience.Token);
            return stream;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            socket.Dispose();
            cancel.ThrowIfCancellationRequested();
            throw Refusal.Internal($"error dialing backend: kubelet of node {node["metadata"].Text("name")} at {address}:{port}: {e.Message}");
        }
    }

    /// <summary>A connection to a port of a pod, through the kubelet: this server need not be on the pods' network.</summary>
    public async Task<Stream> TunnelAsync(JsonObject node, JsonObject pod, int port, CancellationToken cancel)
    {
        var stream = await ConnectAsync(node, cancel);
        var path = $"/tunnel/{pod.Text("metadata", "namespace")}/{pod.Text("metadata", "name")}/{port}";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: {AddressOf(node)}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"), cancel);
        var head = await ResponseHead.ReadAsync(stream, cancel);
        if (head.Code == 101)
            return stream;
        var body = new byte[1024];
        var count = await new ResponseBody(stream, head).ReadAsync(body, cancel);
        await stream.DisposeAsync();
        throw Refusal.ServiceUnavailable($"error trying to reach service: {Encoding.UTF8.GetString(body, 0, count).Trim()}");
    }

    public static string AddressOf(JsonObject node)
    {
        var addresses = node.Items("status", "addresses").ToList();
        foreach (var type in (ReadOnlySpan<string>)["InternalIP", "ExternalIP", "Hostname"])
        {
            if (addresses.FirstOrDefault(a => a.Text("type") == type).Text("address") is { Length: > 0 } address)
                return address;
        }

        throw Refusal.Internal($"no preferred addresses found for node {node["metadata"].Text("name")}; known addresses: []");
    }

    private bool Trusted(X509Certificate? certificate)
    {
        if (certificate is not X509Certificate2 presented)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(settings.KubeletCa ?? settings.ClientCa);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(presented);
    }
}
