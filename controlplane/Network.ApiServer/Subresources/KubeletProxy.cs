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
internal sealed class KubeletProxy(ObjectRegistry registry, KubeletLink kubelets)
{
    public async Task LogAsync(ApiRequest request)
    {
        var target = Locate(request);
        var container = ContainerOf(request, target.Pod);
        var path = $"/containerLogs/{request.Target.Namespace}/{request.Target.Name}/{container}{WithoutContainer(request.Http.Request.QueryString.Value)}";
        await using var kubelet = await kubelets.ConnectAsync(target.Node, request.Cancel);
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
        await using var kubelet = await kubelets.ConnectAsync(target.Node, request.Cancel);
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
        await StreamSplice.RunAsync(client, kubelet, head.Rest, request.Cancel);
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

    private static byte[] Head(HttpRequest request, string method, string path, JsonObject node, bool upgrade)
    {
        var text = new StringBuilder($"{method} {path} HTTP/1.1\r\nHost: {KubeletLink.AddressOf(node)}\r\n");
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
        var buffer = new byte[StreamSplice.BufferBytes];
        while (await body.ReadAsync(buffer, request.Cancel) is > 0 and var count)
        {
            await response.Body.WriteAsync(buffer.AsMemory(0, count), request.Cancel);
            await response.Body.FlushAsync(request.Cancel);
        }
    }
}
