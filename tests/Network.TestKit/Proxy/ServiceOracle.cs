using System.Net;
using Network.ServiceProxy;
using Network.ServiceProxy.Model;
using Network.ServiceProxy.Walk;

namespace Network.TestKit.Proxy;

/// <summary>
/// What has to become of a packet, said from the services alone, in the words of the Service API: no rules, no chains. It shares
/// no decision with the renderers.
/// </summary>
public sealed class ServiceOracle(IReadOnlyList<ServicePort> services, ProxySettings settings, ProxyMode mode)
{
    private enum Front
    {
        None,
        Inside,
        Outside,
        Guarded,
    }

    public Outcome Judge(Packet packet)
    {
        foreach (var service in services)
        {
            var front = FrontOf(service, packet);
            if (front != Front.None)
                return Judge(service, front, packet);
        }

        // A cluster address has no other ports than its services'; iptables leaves such packets alone.
        if (mode == ProxyMode.Nftables && services.Any(service => service.ClusterIps.Contains(packet.Destination)))
            return Outcome.Of(OutcomeKind.Reject);
        return Outcome.Of(OutcomeKind.Pass);
    }

    /// <summary>Addresses of the node; loopback aside.</summary>
    public static bool IsNode(IPAddress address) => address.ToString() is RandomCluster.Node or RandomCluster.Gateway;

    private Front FrontOf(ServicePort service, Packet packet)
    {
        if (service.Protocol != packet.Protocol)
            return Front.None;
        if (service.Port == packet.Port)
        {
            if (service.ClusterIps.Contains(packet.Destination))
                return Front.Inside;
            if (service.ExternalIps.Contains(packet.Destination))
                return Front.Outside;
            if (service.LoadBalancerIps.Contains(packet.Destination))
                return service.SourceRanges is null ? Front.Outside : Front.Guarded;
        }

        var nodePortHere = settings.NodePortAddresses.Count > 0 ? IsNode(packet.Destination) && settings.NodePortAddresses.Any(range => range.Contains(packet.Destination))
            : mode == ProxyMode.Iptables ? IsNode(packet.Destination) : settings.NodeAddresses.Contains(packet.Destination);
        return service.NodePort > 0 && service.NodePort == packet.Port && nodePortHere ? Front.Outside : Front.None;
    }

    private Outcome Judge(ServicePort service, Front front, Packet packet)
    {
        var ready = service.Endpoints.Where(endpoint => endpoint.Ready).ToList();
        var leaving = service.Endpoints.Where(endpoint => endpoint is { Ready: false, Serving: true, Terminating: true }).ToList();
        if (ready.Count == 0 && leaving.Count == 0)
            return Outcome.Of(OutcomeKind.Reject);
        if (front == Front.Guarded && !IsAllowed(service, packet))
            return Outcome.Of(OutcomeKind.Drop);
        var everybody = ready.Count > 0 ? Preferred(ready) : leaving;
        var here = ready.Any(endpoint => endpoint.IsLocal) ? ready.Where(endpoint => endpoint.IsLocal).ToList() : leaving.Where(endpoint => endpoint.IsLocal).ToList();
        var isPod = settings.ClusterCidr!.Value.Contains(packet.Source);
        if (front == Front.Inside)
            return Send(service.InternalPolicy == TrafficPolicy.Local ? here : everybody, settings.MasqueradeAll || !isPod, packet);
        if (service.ExternalPolicy == TrafficPolicy.Cluster)
            return Send(everybody, masquerade: true, packet);
        if (isPod || IsNode(packet.Source))
            return Send(everybody, masquerade: !isPod, packet);
        return Send(here, masquerade: false, packet);
    }

    private bool IsAllowed(ServicePort service, Packet packet) => service.SourceRanges!.Any(range => range.Contains(packet.Source))
        || (packet.Source.Equals(packet.Destination) && settings.NodeAddresses.Any(node => service.SourceRanges!.Any(range => range.Contains(node))));

    private static List<ServiceEndpoint> Preferred(List<ServiceEndpoint> ready)
    {
        if (ready.All(endpoint => endpoint.Node != TopologyHint.None) && ready.Any(endpoint => endpoint.Node == TopologyHint.Here))
            return ready.Where(endpoint => endpoint.Node == TopologyHint.Here).ToList();
        if (ready.All(endpoint => endpoint.Zone != TopologyHint.None) && ready.Any(endpoint => endpoint.Zone == TopologyHint.Here))
            return ready.Where(endpoint => endpoint.Zone == TopologyHint.Here).ToList();
        return ready;
    }

    // Whoever answers itself must not see itself as the client.
    private static Outcome Send(List<ServiceEndpoint> endpoints, bool masquerade, Packet packet) => endpoints.Count == 0
        ? Outcome.Of(OutcomeKind.Drop)
        : Outcome.To(endpoints.Select(endpoint => (new IPEndPoint(endpoint.Address, endpoint.Port), masquerade || endpoint.Address.Equals(packet.Source))));
}
