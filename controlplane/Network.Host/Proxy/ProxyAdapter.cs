using System.Net;
using k8s.Models;
using Network.ServiceProxy.Model;

namespace Network.Host.Proxy;

/// <summary>Turns services and their slices into what the service proxy programs. Pure.</summary>
internal static class ProxyAdapter
{
    private const string ProxyNameLabel = "service.kubernetes.io/service-proxy-name";
    private const string HeadlessLabel = "service.kubernetes.io/headless";

    /// <summary>One entry a port; none for services that are not ours to program.</summary>
    internal static IEnumerable<ServicePort> ToPorts(V1Service service, IReadOnlyCollection<V1EndpointSlice> slices, ProxyPlace place)
    {
        if (service.Spec.Type == "ExternalName" || string.IsNullOrEmpty(service.Spec.ClusterIP) || service.Spec.ClusterIP == "None"
            || service.Metadata.Labels?.ContainsKey(ProxyNameLabel) == true || service.Metadata.Labels?.ContainsKey(HeadlessLabel) == true)
            return [];
        return (service.Spec.Ports ?? []).Select(port => new ServicePort(service.Metadata.NamespaceProperty, service.Metadata.Name, port.Name ?? "", Protocol(port.Protocol))
        {
            ClusterIps = Parse(service.Spec.ClusterIPs is { Count: > 0 } all ? all : [service.Spec.ClusterIP]),
            Port = port.Port,
            NodePort = port.NodePort ?? 0,
            ExternalIps = Parse(service.Spec.ExternalIPs ?? []),
            LoadBalancerIps = Parse(LoadBalancerAddresses(service)),
            SourceRanges = SourceRanges(service),
            Affinity = service.Spec.SessionAffinity == "ClientIP"
                ? TimeSpan.FromSeconds(service.Spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? 10_800)
                : null,
            InternalPolicy = service.Spec.InternalTrafficPolicy == "Local" ? TrafficPolicy.Local : TrafficPolicy.Cluster,
            ExternalPolicy = service.Spec.ExternalTrafficPolicy == "Local" ? TrafficPolicy.Local : TrafficPolicy.Cluster,
            Endpoints = Endpoints(port, slices, place),
        }).ToList();
    }

    // ipMode Proxy (KEP-1860): the load balancer keeps such addresses to itself.
    private static IEnumerable<string> LoadBalancerAddresses(V1Service service) =>
        (service.Status?.LoadBalancer?.Ingress ?? []).Where(ingress => ingress.Ip is { Length: > 0 } && ingress.IpMode != "Proxy").Select(ingress => ingress.Ip);

    private static List<ServiceEndpoint> Endpoints(V1ServicePort port, IReadOnlyCollection<V1EndpointSlice> slices, ProxyPlace place) => slices
        .SelectMany(slice => (slice.Ports ?? []).Where(p => (p.Name ?? "") == (port.Name ?? "") && p.Port is not null).Select(p => (slice, number: p.Port!.Value)))
        .SelectMany(pair => (pair.slice.Endpoints ?? []).SelectMany(endpoint => Parse(endpoint.Addresses).Select(address => new ServiceEndpoint(address, pair.number)
        {
            IsLocal = endpoint.NodeName == place.Node,
            Ready = endpoint.Conditions?.Ready != false,
            Serving = endpoint.Conditions?.Serving ?? endpoint.Conditions?.Ready != false,
            Terminating = endpoint.Conditions?.Terminating == true,
            Node = Hint(endpoint.Hints?.ForNodes?.Select(hint => hint.Name), place.Node),
            Zone = Hint(endpoint.Hints?.ForZones?.Select(hint => hint.Name), place.Zone),
            Target = endpoint.TargetRef is { Kind: "Pod", Name: { } pod } ? $"{endpoint.TargetRef.NamespaceProperty}/{pod}" : "",
        })))
        // The same endpoint may stand in two slices while the controller moves it.
        .DistinctBy(endpoint => (endpoint.Address, endpoint.Port))
        .OrderBy(endpoint => endpoint.Address.ToString(), StringComparer.Ordinal).ThenBy(endpoint => endpoint.Port)
        .ToList();

    private static TopologyHint Hint(IEnumerable<string>? names, string? ours) => names?.ToList() switch
    {
        null or [] => TopologyHint.None,
        var given => ours is not null && given.Contains(ours) ? TopologyHint.Here : TopologyHint.Elsewhere,
    };

    // Blanks around a range are allowed; one of all addresses restricts nothing.
    private static List<IPNetwork>? SourceRanges(V1Service service)
    {
        if (service.Spec.Type != "LoadBalancer" || service.Spec.LoadBalancerSourceRanges is not { Count: > 0 } texts)
            return null;
        var ranges = texts.Select(text => IPNetwork.TryParse(text.Trim(), out var range) ? range : (IPNetwork?)null).OfType<IPNetwork>().ToList();
        return ranges.Any(range => range.PrefixLength == 0) ? null : ranges;
    }

    private static List<IPAddress> Parse(IEnumerable<string> texts) =>
        texts.Select(text => IPAddress.TryParse(text, out var address) ? address : null).OfType<IPAddress>().ToList();

    private static TransportProtocol Protocol(string? name) => name switch
    {
        "UDP" => TransportProtocol.Udp,
        "SCTP" => TransportProtocol.Sctp,
        _ => TransportProtocol.Tcp,
    };
}

/// <summary>Where a proxy stands.</summary>
/// <param name="Zone">The node's zone label; null without one, and then hints for zones say nothing.</param>
internal sealed record ProxyPlace(string Node, string? Zone);
