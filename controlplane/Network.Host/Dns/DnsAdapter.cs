using System.Net;
using k8s.Models;
using Network.Client;
using Network.Dns.Plugins.Cluster;

namespace Network.Host.Dns;

/// <summary>Turns a service and its slices into what DNS knows of it. Pure.</summary>
internal static class DnsAdapter
{
    internal static DnsService ToRecord(V1Service service, IEnumerable<V1EndpointSlice> slices)
    {
        var headless = service.Spec.ClusterIP == "None";
        return new DnsService(service.Metadata.NamespaceProperty, service.Metadata.Name)
        {
            Headless = headless,
            ExternalName = service.Spec.Type == "ExternalName" ? service.Spec.ExternalName : null,
            ClusterIps = headless || service.Spec.Type == "ExternalName" ? [] : Addresses(service),
            Ports = (service.Spec.Ports ?? []).Where(port => !string.IsNullOrEmpty(port.Name))
                .Select(port => new DnsPort(port.Name, (port.Protocol ?? "TCP").ToLowerInvariant(), (ushort)port.Port)).ToList(),
            Endpoints = headless ? slices.SelectMany(Endpoints).DistinctBy(endpoint => (endpoint.Address, endpoint.HostName)).ToList() : [],
        };
    }

    private static List<IPAddress> Addresses(V1Service service)
    {
        var texts = service.Spec.ClusterIPs is { Count: > 0 } all ? all : [service.Spec.ClusterIP];
        return texts.Select(text => IPAddress.TryParse(text, out var address) ? address : null).OfType<IPAddress>().ToList();
    }

    // An absent ready condition counts as ready (EndpointConditions in the API).
    private static IEnumerable<DnsEndpoint> Endpoints(V1EndpointSlice slice)
    {
        var ports = (slice.Ports ?? []).Where(port => !string.IsNullOrEmpty(port.Name) && port.Port is not null)
            .Select(port => new DnsPort(port.Name, (port.Protocol ?? "TCP").ToLowerInvariant(), (ushort)port.Port!.Value)).ToList();
        return from endpoint in slice.Endpoints ?? []
               where endpoint.Conditions?.Ready != false
               from text in endpoint.Addresses
               where IPAddress.TryParse(text, out _)
               select new DnsEndpoint(IPAddress.Parse(text), string.IsNullOrEmpty(endpoint.Hostname) ? null : endpoint.Hostname, ports);
    }

    internal static string? ServiceKey(V1EndpointSlice slice) =>
        slice.Metadata.Labels?.TryGetValue("kubernetes.io/service-name", out var service) == true ? $"{slice.Metadata.NamespaceProperty}/{service}" : null;

    internal static string KeyOf(V1Service service) => Informer<V1Service>.KeyOf(service);
}
