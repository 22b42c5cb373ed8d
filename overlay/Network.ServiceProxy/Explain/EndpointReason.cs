using Network.ServiceProxy.Choice;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Explain;

/// <summary>Whether an endpoint answers, and why.</summary>
/// <param name="InCluster">Clients that may use any node reach it.</param>
/// <param name="InLocal">Clients that are bound to this node reach it.</param>
public sealed record EndpointReason(ServiceEndpoint Endpoint, bool InCluster, bool InLocal, string Why)
{
    /// <summary>Every endpoint of a service port, in order.</summary>
    public static IReadOnlyList<EndpointReason> Of(ServicePort service)
    {
        var choice = EndpointChoice.For(service);
        var anyReady = service.Endpoints.Any(endpoint => endpoint.Ready);
        return service.Endpoints.Select(endpoint => new EndpointReason(endpoint, choice.Cluster.Contains(endpoint), choice.Local.Contains(endpoint),
            Because(endpoint, choice, anyReady))).ToList();
    }

    private static string Because(ServiceEndpoint endpoint, EndpointChoice choice, bool anyReady)
    {
        if (choice.Cluster.Contains(endpoint))
            return endpoint.Ready ? "ready" : "serves while it terminates, because nobody is ready";
        if (endpoint.Ready)
            return endpoint.Node == TopologyHint.Elsewhere ? "ready, but hinted for other nodes, and this one has its own" : "ready, but hinted for other zones, and this one has its own";
        if (choice.Local.Contains(endpoint))
            return "serves while it terminates, because nobody on this node is ready";
        if (endpoint is { Serving: true, Terminating: true })
            return anyReady ? "terminates, and others are ready" : "terminates";
        return endpoint.Terminating ? "terminates and does not serve" : "not ready";
    }
}
