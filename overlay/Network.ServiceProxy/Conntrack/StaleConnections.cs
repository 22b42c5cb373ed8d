using System.Net;
using Network.Netlink.Netfilter;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Conntrack;

/// <summary>
/// Which tracked connections of UDP and SCTP lead to an endpoint that does not serve any more, or past the rules. TCP ends by
/// itself; these do not: a client that keeps its port would send to nowhere until the entry times out, which traffic prevents. Of TCP
/// only connections that begin: one whose first packet went past the rules stays past them, however often it is sent again. Pure.
/// </summary>
/// <param name="local">The node's own addresses.</param>
internal sealed class StaleConnections(IReadOnlySet<IPAddress> local)
{
    private const byte Tcp = 6, Udp = 17, Sctp = 132;
    private readonly Dictionary<(IPAddress Address, int Port, byte Protocol), HashSet<(IPAddress Address, int Port)>> _fronts = [];
    private readonly Dictionary<(int Port, byte Protocol), HashSet<(IPAddress Address, int Port)>> _nodePorts = [];

    private readonly HashSet<(IPAddress Address, int Port)> _begun = [];

    /// <summary>Nothing to look for.</summary>
    internal bool IsEmpty => _fronts.Count == 0 && _nodePorts.Count == 0 && _begun.Count == 0;

    /// <summary>A service port whose rules were not there for a while.</summary>
    internal void AddBegun(ServicePort service)
    {
        if (service.Protocol != TransportProtocol.Tcp)
            return;
        foreach (var address in service.ClusterIps.Concat(service.ExternalIps).Concat(service.LoadBalancerIps))
            _begun.Add((address, service.Port));
    }

    /// <summary>A service port as it is now.</summary>
    internal void Add(ServicePort service)
    {
        if (ProtocolOf(service) is not { } protocol)
            return;
        var serving = service.Endpoints.Where(endpoint => endpoint.Ready || endpoint.Serving).Select(endpoint => (endpoint.Address, endpoint.Port)).ToHashSet();
        foreach (var address in service.ClusterIps.Concat(service.ExternalIps).Concat(service.LoadBalancerIps))
            _fronts[(address, service.Port, protocol)] = serving;
        if (service.NodePort > 0)
            _nodePorts[(service.NodePort, protocol)] = serving;
    }

    /// <summary>A service port as it was; what it answered and no service answers now is looked for too.</summary>
    internal void AddFormer(ServicePort service)
    {
        if (ProtocolOf(service) is not { } protocol)
            return;
        foreach (var address in service.ClusterIps.Concat(service.ExternalIps).Concat(service.LoadBalancerIps))
            _fronts.TryAdd((address, service.Port, protocol), []);
        if (service.NodePort > 0)
            _nodePorts.TryAdd((service.NodePort, protocol), []);
    }

    internal bool IsStale(ConntrackEntry entry)
    {
        var (original, reply) = (entry.Original, entry.Reply);
        if (original.Protocol == Tcp)
            return !entry.HasReply && !entry.IsDestinationRewritten && _begun.Contains((original.Destination, original.DestinationPort));
        if (original.Protocol is not (Udp or Sctp))
            return false;
        if (_fronts.TryGetValue((original.Destination, original.DestinationPort, original.Protocol), out var serving))
            return !serving.Contains((reply.Source, reply.SourcePort));
        // What is not rewritten went past the rules before they were there; on its way to another host the number means nothing to us.
        return (entry.IsDestinationRewritten || local.Contains(original.Destination)) && _nodePorts.TryGetValue((original.DestinationPort, original.Protocol), out serving)
            && !serving.Contains((reply.Source, reply.SourcePort));
    }

    private static byte? ProtocolOf(ServicePort service) => service.Protocol switch
    {
        TransportProtocol.Udp => Udp,
        TransportProtocol.Sctp => Sctp,
        _ => null,
    };
}
