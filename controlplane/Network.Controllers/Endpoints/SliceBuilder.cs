using k8s.Models;
using Network.Client;

namespace Network.Controllers.Endpoints;

/// <summary>The EndpointSlices a service should have: endpoints with the same ports together, at most 100 a slice. Pure.</summary>
internal static class SliceBuilder
{
    internal const string ManagedBy = "endpointslice-controller.k8s.io";
    internal const string ServiceLabel = "kubernetes.io/service-name";
    internal const string ManagedByLabel = "endpointslice.kubernetes.io/managed-by";
    private const int MostEndpoints = 100;

    /// <summary>Contents without metadata; a service without pods still has one empty slice (conformance asks for it).</summary>
    internal static IReadOnlyList<V1EndpointSlice> For(V1Service service, IReadOnlyList<PodEndpoint> endpoints, Func<string, V1Node?> node)
    {
        var hints = TrafficHints.For(service, endpoints, node);
        var slices = endpoints
            .GroupBy(endpoint => string.Join(',', endpoint.Ports.Select(port => $"{port.Name}/{port.Protocol}/{port.Port}")))
            .SelectMany(group => group.Chunk(MostEndpoints))
            .Select(chunk => New(service, chunk[0].Ports, chunk.Select(endpoint => ToEndpoint(service, endpoint, node, hints)).ToList()))
            .ToList();
        return slices.Count > 0 ? slices : [New(service, [], [])];
    }

    private static V1EndpointSlice New(V1Service service, IReadOnlyList<ResolvedPort> ports, List<V1Endpoint> endpoints)
    {
        var labels = new Dictionary<string, string>(service.Metadata.Labels ?? new Dictionary<string, string>())
        {
            [ServiceLabel] = service.Metadata.Name,
            [ManagedByLabel] = ManagedBy,
        };
        if (service.Spec.ClusterIP == "None")
            labels["service.kubernetes.io/headless"] = "";
        return new V1EndpointSlice
        {
            Metadata = new V1ObjectMeta
            {
                GenerateName = $"{service.Metadata.Name}-",
                NamespaceProperty = service.Metadata.NamespaceProperty,
                Labels = labels,
                OwnerReferences = [References.ControllerOf(Resources.Services, service)],
            },
            AddressType = "IPv4",
            Endpoints = endpoints,
            Ports = ports.Select(port => new Discoveryv1EndpointPort
            {
                Name = port.Name ?? "",
                Protocol = port.Protocol,
                Port = port.Port,
                AppProtocol = port.AppProtocol,
            }).ToList(),
        };
    }

    private static V1Endpoint ToEndpoint(V1Service service, PodEndpoint endpoint, Func<string, V1Node?> node, Func<PodEndpoint, V1EndpointHints?> hints)
    {
        var spec = endpoint.Pod.Spec;
        var named = !string.IsNullOrEmpty(spec.Hostname) && spec.Subdomain == service.Metadata.Name;
        return new V1Endpoint
        {
            Addresses = [endpoint.Address],
            Conditions = new V1EndpointConditions { Ready = endpoint.Ready, Serving = endpoint.Serving, Terminating = endpoint.Terminating },
            Hostname = named ? spec.Hostname : null,
            NodeName = spec.NodeName,
            TargetRef = new V1ObjectReference
            {
                Kind = "Pod",
                NamespaceProperty = endpoint.Pod.Metadata.NamespaceProperty,
                Name = endpoint.Pod.Metadata.Name,
                Uid = endpoint.Pod.Metadata.Uid,
            },
            Zone = TrafficHints.ZoneOf(node(spec.NodeName)),
            Hints = hints(endpoint),
        };
    }
}
