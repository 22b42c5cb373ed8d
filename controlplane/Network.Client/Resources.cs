using k8s;
using k8s.Models;

namespace Network.Client;

/// <summary>The resources that components of this project read or write.</summary>
public static class Resources
{
    public static readonly Resource<V1Namespace> Namespaces = new("", "v1", "namespaces", "Namespace", false);
    public static readonly Resource<V1Node> Nodes = new("", "v1", "nodes", "Node", false);
    public static readonly Resource<V1Pod> Pods = new("", "v1", "pods", "Pod", true);
    public static readonly Resource<V1Service> Services = new("", "v1", "services", "Service", true);
    public static readonly Resource<V1Endpoints> Endpoints = new("", "v1", "endpoints", "Endpoints", true);
    public static readonly Resource<V1ConfigMap> ConfigMaps = new("", "v1", "configmaps", "ConfigMap", true);
    public static readonly Resource<V1Secret> Secrets = new("", "v1", "secrets", "Secret", true);
    public static readonly Resource<V1ServiceAccount> ServiceAccounts = new("", "v1", "serviceaccounts", "ServiceAccount", true);
    public static readonly Resource<Corev1Event> Events = new("", "v1", "events", "Event", true);
    public static readonly Resource<V1EndpointSlice> EndpointSlices = new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true);
    public static readonly Resource<V1Lease> Leases = new("coordination.k8s.io", "v1", "leases", "Lease", true);
    public static readonly Resource<V1ClusterRole> ClusterRoles = new("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false);
    public static readonly Resource<V1ResourceQuota> ResourceQuotas = new("", "v1", "resourcequotas", "ResourceQuota", true);
    public static readonly Resource<V1CertificateSigningRequest> CertificateSigningRequests =
        new("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", false);
    public static readonly Resource<V1PodDisruptionBudget> PodDisruptionBudgets = new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true);
    public static readonly Resource<V1Deployment> Deployments = new("apps", "v1", "deployments", "Deployment", true);
    public static readonly Resource<V1ReplicaSet> ReplicaSets = new("apps", "v1", "replicasets", "ReplicaSet", true);
    public static readonly Resource<V1DaemonSet> DaemonSets = new("apps", "v1", "daemonsets", "DaemonSet", true);
    public static readonly Resource<V1ControllerRevision> ControllerRevisions = new("apps", "v1", "controllerrevisions", "ControllerRevision", true)
    {
        // The data is free-form JSON, which the models' generated serializer does not know; nobody here reads it.
        Read = element => new V1ControllerRevision
        {
            Metadata = KubernetesJson.Deserialize<V1ObjectMeta>(element.GetProperty("metadata")),
            Revision = element.TryGetProperty("revision", out var revision) ? revision.GetInt64() : 0,
        },
    };
}
