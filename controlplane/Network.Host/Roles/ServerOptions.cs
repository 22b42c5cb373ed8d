using System.Net;
using Network.Store.Etcd;

namespace Network.Host.Roles;

/// <summary>What a server, or one of its parts alone, is told.</summary>
public sealed record ServerOptions
{
    public string DataDirectory { get; init; } = "/var/lib/podnet/server";

    /// <summary>Holds the cluster's authority and certificates; made complete on start.</summary>
    public string PkiDirectory { get; init; } = "/var/lib/podnet/server/pki";

    /// <summary>The etcd that holds the objects; null keeps them in a file of this server.</summary>
    public EtcdSettings? Etcd { get; init; }

    public IReadOnlyList<IPEndPoint> Listen { get; init; } = [new IPEndPoint(IPAddress.Loopback, 6443)];

    public IPNetwork ServiceCidr { get; init; } = IPNetwork.Parse("10.96.0.0/16");

    public IPNetwork ClusterCidr { get; init; } = IPNetwork.Parse("10.244.0.0/16");

    /// <summary>Addresses for services of type LoadBalancer: ranges, prefixes or single ones.</summary>
    public IReadOnlyList<string> LoadBalancerPool { get; init; } = [];

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>For a scheduler or controllers alone.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>For controllers alone: the authority to publish (PEM file).</summary>
    public string? RootAuthority { get; init; }

    /// <summary>For controllers alone: key of <see cref="RootAuthority"/>, to sign certificate requests with (PEM file).</summary>
    public string? SigningKey { get; init; }

    /// <summary>For controllers alone: signs tokens for Secrets (PEM file).</summary>
    public string? ServiceAccountKey { get; init; }

    /// <summary>What the audit log keeps (audit.k8s.io/v1 Policy file); null keeps none.</summary>
    public string? AuditPolicy { get; init; }

    /// <summary>Where audit events are appended; null is audit.log in the data directory.</summary>
    public string? AuditLog { get; init; }

    public int HealthPort { get; init; }
}
