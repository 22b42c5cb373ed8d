using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Choice;

/// <summary>
/// Who answers a service port. Cluster and Local fall back to terminating endpoints each on their own (KEP-1669), so a
/// Local set may hold an endpoint that the Cluster set lacks. Topology narrows the Cluster set only.
/// </summary>
/// <param name="HasAny">Somebody usable exists somewhere: decides REJECT (nobody) against DROP (not here).</param>
public sealed record EndpointChoice(IReadOnlyList<ServiceEndpoint> Cluster, IReadOnlyList<ServiceEndpoint> Local, bool HasAny)
{
    public static EndpointChoice For(ServicePort service)
    {
        var all = Usable(service.Endpoints);
        var local = service.InternalPolicy == TrafficPolicy.Local || (service.HasExternal && service.ExternalPolicy == TrafficPolicy.Local)
            ? Usable(service.Endpoints.Where(endpoint => endpoint.IsLocal).ToList())
            : [];
        return new EndpointChoice(Near(all), local, all.Count > 0);
    }

    private static List<ServiceEndpoint> Usable(IReadOnlyList<ServiceEndpoint> endpoints)
    {
        var ready = endpoints.Where(endpoint => endpoint.Ready).ToList();
        return ready.Count > 0 ? ready : endpoints.Where(endpoint => endpoint is { Serving: true, Terminating: true }).ToList();
    }

    // A hint counts only when every ready endpoint has one and somebody is meant for us (KEP-2433, KEP-3015): a node or zone
    // that was forgotten must not lose its service.
    private static List<ServiceEndpoint> Near(List<ServiceEndpoint> usable)
    {
        if (usable.Count == 0 || !usable[0].Ready)
            return usable;
        return Hinted(usable, endpoint => endpoint.Node) ?? Hinted(usable, endpoint => endpoint.Zone) ?? usable;
    }

    private static List<ServiceEndpoint>? Hinted(List<ServiceEndpoint> ready, Func<ServiceEndpoint, TopologyHint> hint) =>
        ready.All(endpoint => hint(endpoint) != TopologyHint.None) && ready.Where(endpoint => hint(endpoint) == TopologyHint.Here).ToList() is { Count: > 0 } here
            ? here
            : null;
}
