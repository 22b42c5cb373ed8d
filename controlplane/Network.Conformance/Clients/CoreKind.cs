using k8s;
using k8s.Models;

namespace Network.Conformance.Clients;

/// <summary>The official client's typed operations of one core kind. Objects pass through its models, so what they cannot read or write shows.</summary>
internal sealed record CoreKind(
    Func<Kubernetes, string, string?, CancellationToken, Task<string>> Create,
    Func<Kubernetes, string, string?, CancellationToken, Task<string>> Read,
    Func<Kubernetes, string?, Selection, CancellationToken, Task<string>> List,
    Func<Kubernetes, string, string, string?, CancellationToken, Task<string>> Replace,
    Func<Kubernetes, V1Patch, string, string?, CancellationToken, Task<string>> Patch)
{
    // One block a kind: the client has an operation of its own for each, with no common shape to call them by.
    private static readonly Dictionary<string, CoreKind> s_kinds = new()
    {
        ["configmaps"] = new(
            async (client, json, ns, cancel) => Text(await client.CoreV1.CreateNamespacedConfigMapAsync(Of<V1ConfigMap>(json), ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, ns, cancel) => Text(await client.CoreV1.ReadNamespacedConfigMapAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, ns, pick, cancel) => Text(await client.CoreV1.ListNamespacedConfigMapAsync(ns, null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, ns, cancel) => Text(await client.CoreV1.ReplaceNamespacedConfigMapAsync(Of<V1ConfigMap>(json), name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, ns, cancel) => Text(await client.CoreV1.PatchNamespacedConfigMapAsync(patch, name, ns, cancellationToken: cancel).ConfigureAwait(false))),
        ["secrets"] = new(
            async (client, json, ns, cancel) => Text(await client.CoreV1.CreateNamespacedSecretAsync(Of<V1Secret>(json), ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, ns, cancel) => Text(await client.CoreV1.ReadNamespacedSecretAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, ns, pick, cancel) => Text(await client.CoreV1.ListNamespacedSecretAsync(ns, null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, ns, cancel) => Text(await client.CoreV1.ReplaceNamespacedSecretAsync(Of<V1Secret>(json), name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, ns, cancel) => Text(await client.CoreV1.PatchNamespacedSecretAsync(patch, name, ns, cancellationToken: cancel).ConfigureAwait(false))),
        ["pods"] = new(
            async (client, json, ns, cancel) => Text(await client.CoreV1.CreateNamespacedPodAsync(Of<V1Pod>(json), ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, ns, cancel) => Text(await client.CoreV1.ReadNamespacedPodAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, ns, pick, cancel) => Text(await client.CoreV1.ListNamespacedPodAsync(ns, null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, ns, cancel) => Text(await client.CoreV1.ReplaceNamespacedPodAsync(Of<V1Pod>(json), name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, ns, cancel) => Text(await client.CoreV1.PatchNamespacedPodAsync(patch, name, ns, cancellationToken: cancel).ConfigureAwait(false))),
        ["podtemplates"] = new(
            async (client, json, ns, cancel) => Text(await client.CoreV1.CreateNamespacedPodTemplateAsync(Of<V1PodTemplate>(json), ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, ns, cancel) => Text(await client.CoreV1.ReadNamespacedPodTemplateAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, ns, pick, cancel) => Text(await client.CoreV1.ListNamespacedPodTemplateAsync(ns, null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, ns, cancel) => Text(await client.CoreV1.ReplaceNamespacedPodTemplateAsync(Of<V1PodTemplate>(json), name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, ns, cancel) => Text(await client.CoreV1.PatchNamespacedPodTemplateAsync(patch, name, ns, cancellationToken: cancel).ConfigureAwait(false))),
        ["services"] = new(
            async (client, json, ns, cancel) => Text(await client.CoreV1.CreateNamespacedServiceAsync(Of<V1Service>(json), ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, ns, cancel) => Text(await client.CoreV1.ReadNamespacedServiceAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, ns, pick, cancel) => Text(await client.CoreV1.ListNamespacedServiceAsync(ns, null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, ns, cancel) => Text(await client.CoreV1.ReplaceNamespacedServiceAsync(Of<V1Service>(json), name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, ns, cancel) => Text(await client.CoreV1.PatchNamespacedServiceAsync(patch, name, ns, cancellationToken: cancel).ConfigureAwait(false))),
        ["endpoints"] = new(
            async (client, json, ns, cancel) => Text(await client.CoreV1.CreateNamespacedEndpointsAsync(Of<V1Endpoints>(json), ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, ns, cancel) => Text(await client.CoreV1.ReadNamespacedEndpointsAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, ns, pick, cancel) => Text(await client.CoreV1.ListNamespacedEndpointsAsync(ns, null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, ns, cancel) => Text(await client.CoreV1.ReplaceNamespacedEndpointsAsync(Of<V1Endpoints>(json), name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, ns, cancel) => Text(await client.CoreV1.PatchNamespacedEndpointsAsync(patch, name, ns, cancellationToken: cancel).ConfigureAwait(false))),
        ["serviceaccounts"] = new(
            async (client, json, ns, cancel) => Text(await client.CoreV1.CreateNamespacedServiceAccountAsync(Of<V1ServiceAccount>(json), ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, ns, cancel) => Text(await client.CoreV1.ReadNamespacedServiceAccountAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, ns, pick, cancel) => Text(await client.CoreV1.ListNamespacedServiceAccountAsync(ns, null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, ns, cancel) => Text(await client.CoreV1.ReplaceNamespacedServiceAccountAsync(Of<V1ServiceAccount>(json), name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, ns, cancel) => Text(await client.CoreV1.PatchNamespacedServiceAccountAsync(patch, name, ns, cancellationToken: cancel).ConfigureAwait(false))),
        ["resourcequotas"] = new(
            async (client, json, ns, cancel) => Text(await client.CoreV1.CreateNamespacedResourceQuotaAsync(Of<V1ResourceQuota>(json), ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, ns, cancel) => Text(await client.CoreV1.ReadNamespacedResourceQuotaAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, ns, pick, cancel) => Text(await client.CoreV1.ListNamespacedResourceQuotaAsync(ns, null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, ns, cancel) => Text(await client.CoreV1.ReplaceNamespacedResourceQuotaAsync(Of<V1ResourceQuota>(json), name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, ns, cancel) => Text(await client.CoreV1.PatchNamespacedResourceQuotaAsync(patch, name, ns, cancellationToken: cancel).ConfigureAwait(false))),
        ["limitranges"] = new(
            async (client, json, ns, cancel) => Text(await client.CoreV1.CreateNamespacedLimitRangeAsync(Of<V1LimitRange>(json), ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, ns, cancel) => Text(await client.CoreV1.ReadNamespacedLimitRangeAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, ns, pick, cancel) => Text(await client.CoreV1.ListNamespacedLimitRangeAsync(ns, null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, ns, cancel) => Text(await client.CoreV1.ReplaceNamespacedLimitRangeAsync(Of<V1LimitRange>(json), name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, ns, cancel) => Text(await client.CoreV1.PatchNamespacedLimitRangeAsync(patch, name, ns, cancellationToken: cancel).ConfigureAwait(false))),
        ["events"] = new(
            async (client, json, ns, cancel) => Text(await client.CoreV1.CreateNamespacedEventAsync(Of<Corev1Event>(json), ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, ns, cancel) => Text(await client.CoreV1.ReadNamespacedEventAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, ns, pick, cancel) => Text(await client.CoreV1.ListNamespacedEventAsync(ns, null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, ns, cancel) => Text(await client.CoreV1.ReplaceNamespacedEventAsync(Of<Corev1Event>(json), name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, ns, cancel) => Text(await client.CoreV1.PatchNamespacedEventAsync(patch, name, ns, cancellationToken: cancel).ConfigureAwait(false))),
        ["replicationcontrollers"] = new(
            async (client, json, ns, cancel) => Text(await client.CoreV1.CreateNamespacedReplicationControllerAsync(Of<V1ReplicationController>(json), ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, ns, cancel) => Text(await client.CoreV1.ReadNamespacedReplicationControllerAsync(name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, ns, pick, cancel) => Text(await client.CoreV1.ListNamespacedReplicationControllerAsync(ns, null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, ns, cancel) => Text(await client.CoreV1.ReplaceNamespacedReplicationControllerAsync(Of<V1ReplicationController>(json), name, ns, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, ns, cancel) => Text(await client.CoreV1.PatchNamespacedReplicationControllerAsync(patch, name, ns, cancellationToken: cancel).ConfigureAwait(false))),
        ["namespaces"] = new(
            async (client, json, _, cancel) => Text(await client.CoreV1.CreateNamespaceAsync(Of<V1Namespace>(json), cancellationToken: cancel).ConfigureAwait(false)),
            async (client, name, _, cancel) => Text(await client.CoreV1.ReadNamespaceAsync(name, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, _, pick, cancel) => Text(await client.CoreV1.ListNamespaceAsync(null, pick.Continue, pick.Fields, pick.Labels, pick.Limit, pick.ResourceVersion, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, json, name, _, cancel) => Text(await client.CoreV1.ReplaceNamespaceAsync(Of<V1Namespace>(json), name, cancellationToken: cancel).ConfigureAwait(false)),
            async (client, patch, name, _, cancel) => Text(await client.CoreV1.PatchNamespaceAsync(patch, name, cancellationToken: cancel).ConfigureAwait(false))),
    };

    internal static CoreKind? Find(Kind kind) => kind.Group.Length == 0 ? s_kinds.GetValueOrDefault(kind.Plural) : null;

    private static T Of<T>(string json) => KubernetesJson.Deserialize<T>(json);

    private static string Text<T>(T obj) => KubernetesJson.Serialize(obj!);
}
