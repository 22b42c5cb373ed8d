using System.Text.Json;
using k8s;
using k8s.Models;

namespace Network.Client;

/// <summary>Where objects of a kind live in the API: <c>/api/v1/...</c> or <c>/apis/group/version/...</c>.</summary>
public sealed record Resource<T>(string Group, string Version, string Plural, string Kind, bool Namespaced)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Ask the server for metadata only; see <see cref="ObjectMetadata"/>.</summary>
    public bool MetadataOnly { get; init; }

    /// <summary>How an object is read from JSON.</summary>
    public Func<JsonElement, T> Read { get; init; } = element => KubernetesJson.Deserialize<T>(element);

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The collection's path; a null namespace means all namespaces.</summary>
    public string CollectionPath(string? ns)
    {
        var root = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";
        return Namespaced && ns is not null ? $"{root}/namespaces/{Uri.EscapeDataString(ns)}/{Plural}" : $"{root}/{Plural}";
    }

    public string ObjectPath(string? ns, string name, string? subresource = null)
    {
        var path = $"{CollectionPath(ns)}/{Uri.EscapeDataString(name)}";
        return subresource is null ? path : $"{path}/{subresource}";
    }
}

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
