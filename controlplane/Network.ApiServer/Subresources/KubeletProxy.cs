using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Subresources;

/// <summary>
/// Logs, exec, attach and port-forward live on the node. The request goes to the node's kubelet as it came, protocol upgrade included, and from then
/// on bytes are only carried: SPDY and WebSocket are between kubectl and kubelet.
/// </summary>
internal sealed class KubeletProxy(ObjectRegistry registry, ApiServerSettings settings)
{
    private const int DefaultKubeletPort = 10250;
    private const int BufferBytes = 32 * 1024;
    private static readonly TimeSpan s_connectPatience = TimeSpan.FromSeconds(10);

    public async Task LogAsync(ApiRequest request)
    {
        var target = Locate(request);
        var container = ContainerOf(request, target.Pod);
        var path = $"/containerLogs/{request.Target.Namespace}/{request.Target.Name}/{container}{WithoutContainer(request.Http.Request.QueryString.Value)}";
        await using var kubelet = await ConnectAsync(target.Node, request.Cancel);
        await kubelet.WriteAsync(Head(request.Http.Request, "GET", path, target.Node, false), request.Cancel);
        var head = await ResponseHead.ReadAsync(kubelet, request.Cancel);
        await RelayBodyAsync(request, kubelet, head);
    }

    public async Task StreamAsync(ApiRequest request, string action)
    {
        var target = Locate(request);
        var container = action == "portForward" ? "" : "/" + ContainerOf(request, target.Pod);
        var query = action == "portForward" ? request.Http.Request.QueryString.Value : WithoutContainer(request.Http.Request.QueryString.Value);
        var path = $"/{action}/{request.Target.Namespace}/{request.Target.Name}{container}{query}";
        var upgrade = request.Http.Features.Get<IHttpUpgradeFeature>();
        if (upgrade is null || !upgrade.IsUpgradableRequest)
            throw Refusal.BadRequest("Upgrade request required");
        await using var kubelet = await ConnectAsync(target.Node, request.Cancel);
        await kubelet.WriteAsync(Head(request.Http.Request, request.Http.Request.Method, path, target.Node, true), request.Cancel);
        var head = await ResponseHead.ReadAsync(kubelet, request.Cancel);
        if (head.Code != 101)
        {
            await RelayBodyAsync(request, kubelet, head);
            return;
        }

        foreach (var (name, value) in head.Headers)
        {
            if (!name.Equals("Connection", StringComparison.OrdinalIgnoreCase) && !name.Equals("Date", StringComparison.OrdinalIgnoreCase))
                request.Http.Response.Headers.Append(name, value);
        }

        await using var client = await upgrade.UpgradeAsync();
        await SpliceAsync(client, kubelet, head.Rest, request.Cancel);
    }

    private (JsonObject Pod, JsonObject Node) Locate(ApiRequest request)
    {
        var (ns, name) = (request.Target.Namespace, request.Target.Name);
        var pod = registry.Find(ResourceCatalog.Get("pods"), ns, name) ?? throw Refusal.NotFound("pods", "", name);
        if (pod.Text("spec", "nodeName") is not { Length: > 0 } nodeName)
            throw Refusal.BadRequest($"pod {name} does not have a host assigned");
        return (pod, registry.Find(ResourceCatalog.Get("nodes"), "", nodeName) ?? throw Refusal.NotFound("nodes", "", nodeName));
    }

    private static string ContainerOf(ApiRequest request, JsonObject pod)
    {
        var names = pod.Items("spec", "containers").Select(c => c.Text("name")).ToList();
        var all = pod.Items("spec", "initContainers").Concat(pod.Items("spec", "ephemeralContainers")).Select(c => c.Text("name")).Concat(names);
        var wanted = request.Query("container");
        if (wanted.Length > 0)
            return all.Contains(wanted) ? wanted : throw Refusal.BadRequest($"container {wanted} is not valid for pod {request.Target.Name}");
        return names.Count == 1 ? names[0]
            : pod["metadata"].Text("annotations", "kubectl.kubernetes.io/default-container") is { Length: > 0 } chosen ? chosen
            : throw Refusal.BadRequest($"a container name must be specified for pod {request.Target.Name}, choose one of: [{string.Join(' ', names)}]");
    }

    private static string WithoutContainer(string? query)
    {
        var parts = (query ?? "").TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Where(p => !p.StartsWith("container=", StringComparison.Ordinal)).ToList();
        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    private async Task<SslStream> ConnectAsync(JsonObject node, CancellationToken cancel)
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

    private static string AddressOf(JsonObject node)
    {
        var addresses = node.Items("status", "addresses").ToList();
        foreach (var type in (ReadOnlySpan<string>)["InternalIP", "ExternalIP", "Hostname"])
        {
            if (addresses.FirstOrDefault(a => a.Text("type") == type).Text("address") is { Length: > 0 } address)
                return address;
        }

        throw Refusal.Internal($"no preferred addresses found for node {node["metadata"].Text("name")}; known addresses: []");
    }

    private static byte[] Head(HttpRequest request, string method, string path, JsonObject node, bool upgrade)
    {
        var text = new StringBuilder($"{method} {path} HTTP/1.1\r\nHost: {AddressOf(node)}\r\n");
        foreach (var (name, values) in request.Headers)
        {
            // The caller's credentials are for this server, not for the node.
            if (name is "Host" or "Authorization" or "Accept-Encoding" or "Connection" || name.StartsWith(':') || (!upgrade && name is "Upgrade" or "Content-Length"))
                continue;
            foreach (var value in values)
                text.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        text.Append(upgrade ? "Connection: Upgrade\r\n\r\n" : "Connection: close\r\n\r\n");
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private static async Task RelayBodyAsync(ApiRequest request, Stream kubelet, ResponseHead head)
    {
        var response = request.Http.Response;
        response.StatusCode = head.Code;
        response.ContentType = head.Header("Content-Type") ?? "text/plain";
        await response.StartAsync(request.Cancel);
        await response.Body.FlushAsync(request.Cancel);
        await using var body = new ResponseBody(kubelet, head);
        var buffer = new byte[BufferBytes];
        while (await body.ReadAsync(buffer, request.Cancel) is > 0 and var count)
        {
            await response.Body.WriteAsync(buffer.AsMemory(0, count), request.Cancel);
            await response.Body.FlushAsync(request.Cancel);
        }
    }

    private static async Task SpliceAsync(Stream client, Stream kubelet, ReadOnlyMemory<byte> early, CancellationToken cancel)
    {
        await client.WriteAsync(early, cancel);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var there = CopyAsync(client, kubelet, end.Token);
        var back = CopyAsync(kubelet, client, end.Token);
        // When the kubelet is done, so is the session; a client that stops sending may still be reading.
        await Task.WhenAny(back, there);
        if (!back.IsCompleted)
            await Task.WhenAny(back, Task.Delay(TimeSpan.FromSeconds(5), end.Token));
        await end.CancelAsync();
        await Task.WhenAll(there, back);
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken cancel)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReadAsync(buffer, cancel) is > 0 and var count)
            {
                await to.WriteAsync(buffer.AsMemory(0, count), cancel);
                await to.FlushAsync(cancel);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Either side may hang up at any time; the other direction ends with it.
        }
    }
}
