using k8s.Models;

namespace Network.Kubelet.Variables;

/// <summary>The variables Docker links once made, still promised by Kubernetes: one group for every service with an address.</summary>
internal static class ServiceVariables
{
    /// <summary>All services of the pod's namespace when it wants links, and always <c>default/kubernetes</c>.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> For(V1Pod pod, IEnumerable<V1Service> services)
    {
        var links = pod.Spec.EnableServiceLinks ?? true;
        return services
            .Where(service => service.Spec.ClusterIP is { Length: > 0 } and not "None" && service.Spec.Ports is { Count: > 0 })
            .Where(service => service.Metadata is { Name: "kubernetes", NamespaceProperty: "default" }
                || (links && service.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty))
            .OrderBy(service => service.Metadata.Name, StringComparer.Ordinal)
            .SelectMany(Of);
    }

    private static IEnumerable<KeyValuePair<string, string>> Of(V1Service service)
    {
        var name = Variable(service.Metadata.Name);
        var address = service.Spec.ClusterIP;
        var first = service.Spec.Ports[0];
        yield return new($"{name}_SERVICE_HOST", address);
        yield return new($"{name}_SERVICE_PORT", first.Port.ToString());
        foreach (var port in service.Spec.Ports.Where(port => !string.IsNullOrEmpty(port.Name)))
            yield return new($"{name}_SERVICE_PORT_{Variable(port.Name)}", port.Port.ToString());
        yield return new($"{name}_PORT", Url(address, first));
        foreach (var port in service.Spec.Ports)
        {
            var protocol = (port.Protocol ?? "TCP").ToUpperInvariant();
            var prefix = $"{name}_PORT_{port.Port}_{protocol}";
            yield return new(prefix, Url(address, port));
            yield return new($"{prefix}_PROTO", protocol.ToLowerInvariant());
            yield return new($"{prefix}_PORT", port.Port.ToString());
            yield return new($"{prefix}_ADDR", address);
        }
    }

    private static string Url(string address, V1ServicePort port) =>
        $"{(port.Protocol ?? "TCP").ToLowerInvariant()}://{(address.Contains(':') ? $"[{address}]" : address)}:{port.Port}";

    private static string Variable(string name) => name.ToUpperInvariant().Replace('-', '_');
}
