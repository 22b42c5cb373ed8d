using k8s.Models;

namespace Network.Controllers.Endpoints;

/// <summary>
/// What a service's trafficDistribution says of each endpoint: who should prefer it. Proxies follow hints only where every ready
/// endpoint has them, so one without a zone takes the zones of all away. Pure.
/// </summary>
internal static class TrafficHints
{
    private const string ZoneLabel = "topology.kubernetes.io/zone";

    internal static Func<PodEndpoint, V1EndpointHints?> For(V1Service service, IReadOnlyList<PodEndpoint> endpoints, Func<string, V1Node?> node)
    {
        var perNode = service.Spec.TrafficDistribution == "PreferSameNode";
        if (!perNode && service.Spec.TrafficDistribution is not ("PreferClose" or "PreferSameZone"))
            return _ => null;
        var zones = endpoints.Where(endpoint => endpoint.Ready).All(endpoint => ZoneOf(node(endpoint.Pod.Spec.NodeName)) is not null);
        return endpoint =>
        {
            var zone = zones && endpoint.Ready ? ZoneOf(node(endpoint.Pod.Spec.NodeName)) : null;
            var hints = new V1EndpointHints
            {
                ForNodes = perNode && endpoint.Ready ? [new V1ForNode { Name = endpoint.Pod.Spec.NodeName }] : null,
                ForZones = zone is null ? null : [new V1ForZone { Name = zone }],
            };
            return hints is { ForNodes: null, ForZones: null } ? null : hints;
        };
    }

    internal static string? ZoneOf(V1Node? node) => node?.Metadata.Labels?.TryGetValue(ZoneLabel, out var zone) == true ? zone : null;
}
