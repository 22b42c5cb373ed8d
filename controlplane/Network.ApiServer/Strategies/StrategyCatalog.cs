using Network.Api.Resources;
using Network.ApiServer.Allocation;
using Network.ApiServer.CustomResources;
using Network.Store;

namespace Network.ApiServer.Strategies;

/// <summary>Which rules belong to which resource, in one list. A resource that is not named here is plain storage.</summary>
internal sealed class StrategyCatalog
{
    private readonly Dictionary<(string Group, string Plural), Strategy> _strategies;
    private readonly PlainStrategy _plain = new(false);
    private readonly PlainStrategy _keepsStatus = new(true);

    public StrategyCatalog(IStore store, TimeProvider time, ServiceRanges ranges)
    {
        _strategies = new()
        {
            [("", "configmaps")] = new ConfigMapStrategy(),
            [("", "events")] = new EventStrategy(),
            [("", "limitranges")] = new LimitRangeStrategy(),
            [("", "namespaces")] = new NamespaceStrategy(),
            [("", "nodes")] = new NodeStrategy(),
            [("", "pods")] = new PodStrategy(),
            [("", "podtemplates")] = new PodTemplateStrategy(),
            [("", "replicationcontrollers")] = new ReplicationControllerStrategy(),
            [("", "resourcequotas")] = new ResourceQuotaStrategy(),
            [("", "secrets")] = new SecretStrategy(),
            [("", "services")] = new ServiceStrategy(new ServiceAllocator(store, time, ranges)),
            // The server itself writes the status when it registers its groups.
            [("apiregistration.k8s.io", "apiservices")] = _keepsStatus,
            [("admissionregistration.k8s.io", "mutatingwebhookconfigurations")] = new WebhookConfigurationStrategy(true),
            [("admissionregistration.k8s.io", "validatingwebhookconfigurations")] = new WebhookConfigurationStrategy(false),
            [("apiextensions.k8s.io", "customresourcedefinitions")] = new DefinitionStrategy(),
            [("apps", "daemonsets")] = new DaemonSetStrategy(),
            [("apps", "deployments")] = new DeploymentStrategy(),
            [("apps", "replicasets")] = new ReplicaSetStrategy(),
            [("apps", "statefulsets")] = new StatefulSetStrategy(),
            [("batch", "cronjobs")] = new CronJobStrategy(),
            [("batch", "jobs")] = new JobStrategy(),
            [("certificates.k8s.io", "certificatesigningrequests")] = new SigningRequestStrategy(),
            [("discovery.k8s.io", "endpointslices")] = new EndpointSliceStrategy(),
            [("events.k8s.io", "events")] = new EventStrategy(),
            [("networking.k8s.io", "networkpolicies")] = new NetworkPolicyStrategy(),
            [("networking.k8s.io", "ingresses")] = new IngressStrategy(),
            [("scheduling.k8s.io", "priorityclasses")] = new PriorityClassStrategy(),
            [("rbac.authorization.k8s.io", "clusterroles")] = new RoleStrategy(false),
            [("rbac.authorization.k8s.io", "roles")] = new RoleStrategy(true),
            [("rbac.authorization.k8s.io", "clusterrolebindings")] = new RoleBindingStrategy(),
            [("rbac.authorization.k8s.io", "rolebindings")] = new RoleBindingStrategy(),
        };
    }

    public Strategy For(ResourceInfo resource) => resource.CustomSchema is not null ? new CustomResourceStrategy(resource)
        : _strategies.GetValueOrDefault((resource.Group, resource.Plural)) ?? (resource.Has(ResourceTraits.Status) ? _plain : _keepsStatus);
}
