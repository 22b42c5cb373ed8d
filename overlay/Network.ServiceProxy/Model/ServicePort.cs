using System.Net;
using System.Net.Sockets;

namespace Network.ServiceProxy.Model;

public enum TransportProtocol
{
    Tcp,
    Udp,
    Sctp,
}

/// <summary>Who may answer: any endpoint, or only those on the node the packet came to.</summary>
public enum TrafficPolicy
{
    Cluster,
    Local,
}

/// <summary>What an endpoint says of whom it is for.</summary>
public enum TopologyHint
{
    None,
    Here,
    Elsewhere,
}

/// <summary>One port of one service: the unit that rules are made for.</summary>
public sealed record ServicePort(string Namespace, string Name, string PortName, TransportProtocol Protocol)
{
    private static readonly IPNetwork[] s_everybody = [default, default];

    public IReadOnlyList<IPAddress> ClusterIps { get; init; } = [];

    public int Port { get; init; }

    /// <summary>0 for none.</summary>
    public int NodePort { get; init; }

    /// <summary>Addresses that others route to this cluster.</summary>
    public IReadOnlyList<IPAddress> ExternalIps { get; init; } = [];

    /// <summary>Addresses of load balancers that send on with the destination unchanged.</summary>
    public IReadOnlyList<IPAddress> LoadBalancerIps { get; init; } = [];

    /// <summary>Who may use the load balancer's addresses; null for everybody, empty for nobody of this family.</summary>
    public IReadOnlyList<IPNetwork>? SourceRanges { get; init; }

    /// <summary>How long a client stays with its endpoint; null for no affinity.</summary>
    public TimeSpan? Affinity { get; init; }

    public TrafficPolicy InternalPolicy { get; init; }

    public TrafficPolicy ExternalPolicy { get; init; }

    public IReadOnlyList<ServiceEndpoint> Endpoints { get; init; } = [];

    /// <summary>As kube-proxy writes it in comments: <c>ns/name:port</c>.</summary>
    public string Id => PortName.Length == 0 ? $"{Namespace}/{Name}" : $"{Namespace}/{Name}:{PortName}";

    /// <summary>The port among all others.</summary>
    public string Key => $"{Id}/{ProtocolName}";

    public bool HasExternal => NodePort > 0 || ExternalIps.Count > 0 || LoadBalancerIps.Count > 0;

    public string ProtocolName => Protocol.ToString().ToLowerInvariant();

    /// <summary>What rules of one address family can express of this port; null when that is nothing.</summary>
    public ServicePort? Of(AddressFamily family)
    {
        if (ClusterIps.All(Same) && ExternalIps.All(Same) && LoadBalancerIps.All(Same) && SourceRanges?.All(range => Same(range.BaseAddress)) != false && Endpoints.All(endpoint => Same(endpoint.Address)))
            return this;
        var clusterIps = ClusterIps.Where(Same).ToList();
        return clusterIps.Count == 0
            ? null
            : this with
            {
                ClusterIps = clusterIps,
                ExternalIps = ExternalIps.Where(Same).ToList(),
                LoadBalancerIps = LoadBalancerIps.Where(Same).ToList(),
                SourceRanges = SourceRanges?.Where(range => Same(range.BaseAddress)).ToList(),
                Endpoints = Endpoints.Where(endpoint => Same(endpoint.Address)).ToList(),
            };

        bool Same(IPAddress address) => address.AddressFamily == family;
    }

    public bool Equals(ServicePort? other) => other is not null
        && Id == other.Id && Protocol == other.Protocol && Port == other.Port && NodePort == other.NodePort && Affinity == other.Affinity
        && InternalPolicy == other.InternalPolicy && ExternalPolicy == other.ExternalPolicy
        && ClusterIps.SequenceEqual(other.ClusterIps) && ExternalIps.SequenceEqual(other.ExternalIps)
        && LoadBalancerIps.SequenceEqual(other.LoadBalancerIps) && (SourceRanges ?? s_everybody).SequenceEqual(other.SourceRanges ?? s_everybody) && Endpoints.SequenceEqual(other.Endpoints);

    public override int GetHashCode() => HashCode.Combine(Id, Protocol, Port);
}

/// <summary>Somebody who can answer a service port.</summary>
public sealed record ServiceEndpoint(IPAddress Address, int Port)
{
    /// <summary>On this node.</summary>
    public bool IsLocal { get; init; }

    public bool Ready { get; init; } = true;

    public bool Serving { get; init; } = true;

    public bool Terminating { get; init; }

    /// <summary>Whether the endpoint is meant for clients of this node.</summary>
    public TopologyHint Node { get; init; }

    /// <summary>Whether the endpoint is meant for clients of this zone.</summary>
    public TopologyHint Zone { get; init; }

    /// <summary>The pod, for people: <c>ns/name</c>.</summary>
    public string Target { get; init; } = "";
}
