using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Subresources;

/// <summary>Whom a proxy path names: [https:]name[:port] of a pod, a service or a node; and the way there.</summary>
internal sealed class ProxyTarget(ObjectRegistry registry, KubeletLink kubelets)
{
    public async Task<Stream> ConnectAsync(string plural, string ns, string spelled, CancellationToken cancel)
    {
        var parts = spelled.Split(':');
        var (scheme, name, port) = parts.Length switch
        {
            3 => (parts[0], parts[1], parts[2]),
            2 when parts[0] is "http" or "https" && plural != "pods" && registry.Find(ResourceCatalog.Get(plural), ns, parts[0]) is null => (parts[0], parts[1], ""),
            2 => ("", parts[0], parts[1]),
            _ => ("", spelled, ""),
        };
        var stream = plural switch
        {
            "nodes" => await kubelets.ConnectAsync(registry.Find(ResourceCatalog.Get("nodes"), "", name) ?? throw Refusal.NotFound("nodes", "", name), cancel),
            "pods" => await PodAsync(ns, name, port, cancel),
            _ => await ServiceAsync(ns, name, port, cancel),
        };
        if (scheme != "https" || plural == "nodes")
            return stream;
        // As upstream: whoever may use the proxy accepts the certificate the pod has.
        var secure = new SslStream(stream, false, (_, _, _, _) => true);
        await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = name, ApplicationProtocols = [SslApplicationProtocol.Http11] }, cancel);
        return secure;
    }

    private Task<Stream> PodAsync(string ns, string name, string port, CancellationToken cancel)
    {
        var pod = registry.Find(ResourceCatalog.Get("pods"), ns, name) ?? throw Refusal.NotFound("pods", "", name);
        var ports = pod.Items("spec", "containers").SelectMany(c => c.Items("ports")).ToList();
        var number = port.Length == 0 ? ports.FirstOrDefault().Number("containerPort") ?? 80
            : long.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given
            : ports.FirstOrDefault(p => p.Text("name") == port).Number("containerPort") ?? throw Refusal.BadRequest($"pod {name} has no port named \"{port}\"");
        return ReachAsync(pod, (int)number, cancel);
    }

    private async Task<Stream> ReachAsync(JsonObject pod, int port, CancellationToken cancel)
    {
        if (registry.Find(ResourceCatalog.Get("nodes"), "", pod.Text("spec", "nodeName")) is not { } node)
            throw Refusal.ServiceUnavailable($"pod {pod.Text("metadata", "name")} does not have a host assigned");
        return await kubelets.TunnelAsync(node, pod, port, cancel);
    }

    /// <summary>A connection to a ready endpoint of a service; the port is a name or a number of the service's own.</summary>
    public async Task<Stream> ServiceAsync(string ns, string name, string port, CancellationToken cancel)
    {
        var service = registry.Find(ResourceCatalog.Get("services"), ns, name) ?? throw Refusal.NotFound("services", "", name);
        var ports = service.Items("spec", "ports").ToList();
        var chosen = port.Length == 0 && ports.Count == 1 ? ports[0]
            : ports.FirstOrDefault(p => p.Text("name") == port && port.Length > 0) ?? ports.FirstOrDefault(p => p.Number("port")?.ToString(CultureInfo.InvariantCulture) == port)
            ?? throw Refusal.ServiceUnavailable($"no service port \"{port}\" found for service \"{name}\"");
        var endpoints = registry.FindAll(ResourceCatalog.Get("endpointslices", "discovery.k8s.io"), ns)
            .Where(s => s.Text("metadata", "labels", "kubernetes.io/service-name") == name)
            .SelectMany(s => s.Items("ports").Where(p => p.Text("name") == chosen.Text("name")).SelectMany(p => s.Items("endpoints")
                .Where(e => e.Flag("conditions", "ready") != false).Select(e => (Endpoint: e, Port: (int)(p.Number("port") ?? 0))))).ToList();
        if (endpoints.Count == 0)
            throw Refusal.ServiceUnavailable($"no endpoints available for service \"{name}\"");
        var (endpoint, number) = endpoints[Random.Shared.Next(endpoints.Count)];
        if (endpoint.Text("targetRef", "kind") == "Pod" && registry.Find(ResourceCatalog.Get("pods"), ns, endpoint.Text("targetRef", "name")) is { } pod)
            return await ReachAsync(pod, number, cancel);
        return await DialAsync(endpoint.Texts("addresses").First(), number, cancel);
    }

    // An endpoint that is no pod has an address of its own; what our own network must never give away is kept out, as upstream keeps it.
    private static async Task<Stream> DialAsync(string address, int port, CancellationToken cancel)
    {
        if (!IPAddress.TryParse(address, out var parsed) || IPAddress.IsLoopback(parsed) || parsed.ToString().StartsWith("169.254.", StringComparison.Ordinal))
            throw Refusal.Forbidden("services", "", "", $"address not allowed: {address}");
        var socket = new Socket(parsed.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(parsed, port, cancel);
            return new NetworkStream(socket, true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw Refusal.ServiceUnavailable($"error trying to reach service: dial tcp {address}:{port}: {e.Message}");
        }
    }
}
