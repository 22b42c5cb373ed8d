using k8s.Models;

namespace Network.Kubelet.Sources;

/// <summary>A service account token and when it ends.</summary>
internal sealed record ServiceAccountToken(string Value, DateTimeOffset Expires);

/// <summary>What pods refer to by name. A missing object is null; an unreachable server is an exception, and the pod tries again.</summary>
internal interface IPodObjects
{
    Task<V1ConfigMap?> ConfigMapAsync(string ns, string name, CancellationToken cancel);

    Task<V1Secret?> SecretAsync(string ns, string name, CancellationToken cancel);

    Task<ServiceAccountToken> TokenAsync(V1Pod pod, string? audience, long seconds, CancellationToken cancel);

    IEnumerable<V1Service> Services { get; }
}
