using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Controllers;

/// <summary>One informer a kind for all controllers of a process.</summary>
public sealed class SharedInformers(ApiClient client, ILogger logger)
{
    public Informer<V1Pod> Pods { get; } = New(client, Resources.Pods, logger);

    public Informer<V1Node> Nodes { get; } = New(client, Resources.Nodes, logger);

    public Informer<V1Lease> NodeLeases { get; } = new(client, Resources.Leases, new ListQuery { Namespace = "kube-node-lease" }, logger);

    public Informer<V1Namespace> Namespaces { get; } = New(client, Resources.Namespaces, logger);

    public Informer<V1Service> Services { get; } = New(client, Resources.Services, logger);

    public Informer<V1Endpoints> Endpoints { get; } = New(client, Resources.Endpoints, logger);

    public Informer<V1EndpointSlice> EndpointSlices { get; } = New(client, Resources.EndpointSlices, logger);

    public Informer<V1Deployment> Deployments { get; } = New(client, Resources.Deployments, logger);

    public Informer<V1ReplicaSet> ReplicaSets { get; } = New(client, Resources.ReplicaSets, logger);

    public Informer<V1DaemonSet> DaemonSets { get; } = New(client, Resources.DaemonSets, logger);

    public Informer<V1ControllerRevision> ControllerRevisions { get; } = New(client, Resources.ControllerRevisions, logger);

    public Informer<V1ServiceAccount> ServiceAccounts { get; } = New(client, Resources.ServiceAccounts, logger);

    public Informer<V1ClusterRole> ClusterRoles { get; } = New(client, Resources.ClusterRoles, logger);

    public Informer<V1ResourceQuota> ResourceQuotas { get; } = New(client, Resources.ResourceQuotas, logger);

    public Informer<V1CertificateSigningRequest> CertificateSigningRequests { get; } = New(client, Resources.CertificateSigningRequests, logger);

    public Informer<V1PodDisruptionBudget> PodDisruptionBudgets { get; } = New(client, Resources.PodDisruptionBudgets, logger);

    public Informer<V1Secret> TokenSecrets { get; } = OfType(client, "kubernetes.io/service-account-token", logger);

    public Informer<V1Secret> BootstrapTokens { get; } = OfType(client, "bootstrap.kubernetes.io/token", logger);

    public Informer<V1ConfigMap> RootCertificates { get; } =
        new(client, Resources.ConfigMaps, new ListQuery { FieldSelector = "metadata.name=kube-root-ca.crt" }, logger);

    public Task Synced => Task.WhenAll(Pods.Synced, Nodes.Synced, NodeLeases.Synced, Namespaces.Synced, Services.Synced, Endpoints.Synced,
        EndpointSlices.Synced, Deployments.Synced, ReplicaSets.Synced, DaemonSets.Synced, ControllerRevisions.Synced, ServiceAccounts.Synced,
        RootCertificates.Synced, ClusterRoles.Synced, ResourceQuotas.Synced, CertificateSigningRequests.Synced, PodDisruptionBudgets.Synced,
        TokenSecrets.Synced, BootstrapTokens.Synced);

    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(Pods.RunAsync(cancel), Nodes.RunAsync(cancel), NodeLeases.RunAsync(cancel),
        Namespaces.RunAsync(cancel), Services.RunAsync(cancel), Endpoints.RunAsync(cancel), EndpointSlices.RunAsync(cancel),
        Deployments.RunAsync(cancel), ReplicaSets.RunAsync(cancel), DaemonSets.RunAsync(cancel), ControllerRevisions.RunAsync(cancel),
        ServiceAccounts.RunAsync(cancel), RootCertificates.RunAsync(cancel),
        ClusterRoles.RunAsync(cancel), ResourceQuotas.RunAsync(cancel), CertificateSigningRequests.RunAsync(cancel),
        PodDisruptionBudgets.RunAsync(cancel), TokenSecrets.RunAsync(cancel), BootstrapTokens.RunAsync(cancel));

    private static Informer<V1Secret> OfType(ApiClient client, string type, ILogger logger) =>
        new(client, Resources.Secrets, new ListQuery { FieldSelector = $"type={type}" }, logger);

    private static Informer<T> New<T>(ApiClient client, Resource<T> resource, ILogger logger)
        where T : class, IKubernetesObject<V1ObjectMeta> => new(client, resource, ListQuery.All, logger);
}
