using System.Text.Json.Nodes;
using k8s.Models;
using Network.Client;

namespace Network.Kubelet.Sources;

/// <summary>Reads the objects pods refer to from the API server.</summary>
internal sealed class ApiObjects(ApiClient client, Informer<V1Service> services) : IPodObjects
{
    public IEnumerable<V1Service> Services => services.Items.Values;

    public Task<V1ConfigMap?> ConfigMapAsync(string ns, string name, CancellationToken cancel) =>
        client.FindAsync(Resources.ConfigMaps, ns, name, cancel);

    public Task<V1Secret?> SecretAsync(string ns, string name, CancellationToken cancel) => client.FindAsync(Resources.Secrets, ns, name, cancel);

    /// <summary>A token bound to the pod: it is worthless once the pod is gone (TokenRequest, KEP-1205).</summary>
    public async Task<ServiceAccountToken> TokenAsync(V1Pod pod, string? audience, long seconds, CancellationToken cancel)
    {
        var account = string.IsNullOrEmpty(pod.Spec.ServiceAccountName) ? "default" : pod.Spec.ServiceAccountName;
        var spec = new JsonObject
        {
            ["expirationSeconds"] = seconds,
            ["boundObjectRef"] = new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Pod",
                ["name"] = pod.Metadata.Name,
                ["uid"] = pod.Metadata.Uid,
            },
        };
        spec["audiences"] = string.IsNullOrEmpty(audience) ? new JsonArray() : new JsonArray(audience);
        var request = new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = spec };
        var path = Resources.ServiceAccounts.ObjectPath(pod.Metadata.NamespaceProperty, account, "token");
        var answer = await client.RequestAsync(HttpMethod.Post, path, request, cancel).ConfigureAwait(false);
        var status = answer!["status"]!;
        return new ServiceAccountToken((string)status["token"]!, DateTimeOffset.Parse((string)status["expirationTimestamp"]!,
            System.Globalization.CultureInfo.InvariantCulture));
    }
}
