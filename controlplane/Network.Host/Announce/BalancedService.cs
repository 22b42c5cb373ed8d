using System.Net;
using k8s.Models;
using Network.Client;
using Network.ServiceProxy.Model;

namespace Network.Host.Announce;

/// <summary>Which addresses of a service this node may answer for. Pure.</summary>
internal static class BalancedService
{
    /// <summary>The class of load balancers that is ours when a service names one.</summary>
    internal const string Class = "podnet.io/announcer";

    /// <summary>Each address with the service where this node may answer; with null where others must.</summary>
    internal static IReadOnlyDictionary<IPAddress, V1ObjectReference?> Addresses(V1Service? service, IReadOnlyList<ServicePort> ports)
    {
        if (service is not { Spec.Type: "LoadBalancer", Metadata.DeletionTimestamp: null } || service.Spec.LoadBalancerClass is not (null or "" or Class) || ports.Count == 0)
            return new Dictionary<IPAddress, V1ObjectReference?>();
        // With policy Local only a node that has an endpoint can do anything with what it attracts.
        var may = ports[0].ExternalPolicy != TrafficPolicy.Local || ports.Any(port => port.Endpoints.Any(endpoint => endpoint.IsLocal && (endpoint.Ready || (endpoint.Serving && endpoint.Terminating))));
        return ports[0].LoadBalancerIps.ToDictionary(address => address, _ => may ? References.To(Resources.Services, service) : null);
    }
}
