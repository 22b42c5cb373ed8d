using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Choice;

/// <summary>
/// Who answers a service port. Cluster and Local fall back to terminating endpoints each on their own (KEP-1669), so a
/// Local set may hold an endpoint that the Cluster set lacks.
/// </summary>
/// <param name="HasAny">Somebody usable exists somewhere: decides REJECT (nobody) against DROP (not here).</param>
public sealed record EndpointChoice(IReadOnlyList<ServiceEndpoint> Cluster, IReadOnlyList<ServiceEndpoint> Local, bool HasAny)
{
    public static EndpointChoice For(ServicePort service)
    {
        var cluster = Usable(service.Endpoints);
        var local = service.InternalPolicy == TrafficPolicy.Local || service.ExternalPolicy == TrafficPolicy.Local
            ? Usable(service.Endpoints.Where(endpoint => endpoint.IsLocal).ToList())
            : [];
        return new EndpointChoice(cluster, local, cluster.Count > 0);
    }

    private static List<ServiceEndpoint> Usable(IReadOnlyList<ServiceEndpoint> endpoints)
    {
        var ready = endpoints.Where(endpoint => endpoint.Ready).ToList();
        return ready.Count > 0 ? ready : endpoints.Where(endpoint => endpoint is { Serving: true, Terminating: true }).ToList();
    }
}
