using k8s.Models;
using Network.Kubelet.Variables;

namespace Network.Kubelet.Sources;

/// <summary>A kubelet without an API server: nothing can be referred to.</summary>
internal sealed class StandaloneObjects : IPodObjects
{
    public IEnumerable<V1Service> Services => [];

    public Task<V1ConfigMap?> ConfigMapAsync(string ns, string name, CancellationToken cancel) => Task.FromResult<V1ConfigMap?>(null);

    public Task<V1Secret?> SecretAsync(string ns, string name, CancellationToken cancel) => Task.FromResult<V1Secret?>(null);

    public Task<ServiceAccountToken> TokenAsync(V1Pod pod, string? audience, long seconds, CancellationToken cancel) =>
        throw new PodConfigException("service account tokens need an API server");
}
