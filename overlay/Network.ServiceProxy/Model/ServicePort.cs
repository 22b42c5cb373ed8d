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

/// <summary>One port of one service: the unit that rules are made for.</summary>
public sealed record ServicePort(string Namespace, string Name, string PortName, TransportProtocol Protocol)
{
    public IReadOnlyList<IPAddress> ClusterIps { get; init; } = [];

    public int Port { get; init; }

    /// <summary>0 for none.</summary>
    public int NodePort { get; init; }

    /// <summary>Addresses that others route to this cluster: externalIPs and load balancer addresses.</summary>
    public IReadOnlyList<IPAddress> ExternalIps { get; init; } = [];

    /// <summary>How long a client stays with its endpoint; null for no affinity.</summary>
    public TimeSpan? Affinity { get; init; }

    public TrafficPolicy InternalPolicy { get; init; }

    public TrafficPolicy ExternalPolicy { get; init; }

    public IReadOnlyList<ServiceEndpoint> Endpoints { get; init; } = [];

    /// <summary>As kube-proxy writes it in comments: <c>ns/name:port</c>.</summary>
    public string Id => PortName.Length == 0 ? $"{Namespace}/{Name}" : $"{Namespace}/{Name}:{PortName}";

    public string ProtocolName => Protocol.ToString().ToLowerInvariant();

    /// <summary>What rules of one address family can express of this port; null when that is nothing.</summary>
    public ServicePort? Of(AddressFamily family)
    {
        if (ClusterIps.All(Same) && ExternalIps.All(Same) && Endpoints.All(endpoint => Same(endpoint.Address)))
            return this;
        var clusterIps = ClusterIps.Where(Same).ToList();
        return clusterIps.Count == 0
            ? null
            : this with { ClusterIps = clusterIps, ExternalIps = ExternalIps.Where(Same).ToList(), Endpoints = Endpoints.Where(endpoint => Same(endpoint.Address)).ToList() };

        bool Same(IPAddress address) => address.AddressFamily == family;
    }

    public bool Equals(ServicePort? other) => other is not null
        && Id == other.Id && Protocol == other.Protocol && Port == other.Port && NodePort == other.NodePort && Affinity == other.Affinity
        && InternalPolicy == other.InternalPolicy && ExternalPolicy == other.ExternalPolicy
        && ClusterIps.SequenceEqual(other.ClusterIps) && ExternalIps.SequenceEqual(other.ExternalIps) && Endpoints.SequenceEqual(other.Endpoints);

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
}
