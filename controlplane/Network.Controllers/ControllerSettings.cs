using System.Net;
using System.Security.Cryptography;
using Network.Api.Pki;

namespace Network.Controllers;

/// <summary>What the controllers of a cluster are told.</summary>
public sealed record ControllerSettings
{
    /// <summary>Addresses of all pods; each node gets a part of it.</summary>
    public required IPNetwork ClusterCidr { get; init; }

    /// <summary>Prefix length of a node's part.</summary>
    public int NodeMask { get; init; } = 24;

    /// <summary>Addresses for services of type LoadBalancer; without any they wait for somebody else.</summary>
    public LoadBalancers.AddressPool LoadBalancerPool { get; init; } = LoadBalancers.AddressPool.Empty;

    /// <summary>A node whose lease is older than this is Unknown.</summary>
    public TimeSpan NodeMonitorGracePeriod { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>The authority published as ConfigMap kube-root-ca.crt in every namespace (PEM).</summary>
    public required string RootCertificate { get; init; }

    /// <summary>Signs approved certificate signing requests; null leaves them to others.</summary>
    public CertificateAuthority? Signer { get; init; }

    /// <summary>Signs tokens for Secrets of type kubernetes.io/service-account-token; null leaves them empty.</summary>
    public ECDsa? ServiceAccountKey { get; init; }
}
