using static Network.Api.Resources.ResourceTraits;

namespace Network.Api.Resources;

/// <summary>Everything the server serves, one line a resource, in the order upstream's discovery shows the groups. Adding a kind is adding a line (and its schema).</summary>
public static class ResourceCatalog
{
    private const ResourceTraits Workload = Namespaced | ResourceTraits.Status | Generation;
    private static readonly string[] s_extensions = ["api-extensions"];
    private static readonly string[] s_proxyVerbs = ["create", "delete", "get", "patch", "update"];
    private static readonly string[] s_statusVerbs = ["get", "patch", "update"];

    // Stored and validated, and no component of ours does what they ask for; whoever writes one is told. Not here: kinds whose storing is all there is to
    // them (config maps, pod templates, ranges), and classes that admission reads.
    private static readonly HashSet<string> s_storedOnly =
    [
        "persistentvolumeclaims", "persistentvolumes", "replicationcontrollers", "apiservices.apiregistration.k8s.io", "statefulsets.apps",
        "horizontalpodautoscalers.autoscaling", "cronjobs.batch", "jobs.batch", "ingresses.networking.k8s.io", "networkpolicies.networking.k8s.io",
        "csidrivers.storage.k8s.io", "csinodes.storage.k8s.io", "csistoragecapacities.storage.k8s.io", "volumeattachments.storage.k8s.io",
        "volumeattributesclasses.storage.k8s.io", "mutatingadmissionpolicies.admissionregistration.k8s.io", "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io", "validatingadmissionpolicybindings.admissionregistration.k8s.io",
    ];

    public static IReadOnlyList<ResourceInfo> All { get; } =
    [
        Core("Binding", "bindings", Namespaced | CreateOnly),
        Core("ComponentStatus", "componentstatuses", CreateOnly | ReadOnly, "cs"),
        Core("ConfigMap", "configmaps", Namespaced, "cm"),
        Core("Endpoints", "endpoints", Namespaced | CreateOnUpdate, "ep"),
        Core("Event", "events", Namespaced | CreateOnUpdate, "ev") with { SelectableFields = Fields.Events },
        Core("LimitRange", "limitranges", Namespaced | CreateOnUpdate, "limits"),
        Core("Namespace", "namespaces", ResourceTraits.Status | ReturnsDeleted | NoDeleteCollection, "ns") with
        {
            Subresources = [new("finalize", "Namespace", ["update"]), StatusOf("Namespace")],
            SelectableFields = Fields.Of("status.phase"),
        },
        Core("Node", "nodes", ResourceTraits.Status, "no") with
        {
            Subresources = [new("proxy", "NodeProxyOptions", s_proxyVerbs), StatusOf("Node")],
            SelectableFields = Fields.Of("spec.unschedulable"),
        },
        Core("PersistentVolumeClaim", "persistentvolumeclaims", Namespaced | ResourceTraits.Status | ReturnsDeleted, "pvc") with { Subresources = [StatusOf("PersistentVolumeClaim")] },
        Core("PersistentVolume", "persistentvolumes", ResourceTraits.Status | ReturnsDeleted, "pv") with { Subresources = [StatusOf("PersistentVolume")] },
        Core("Pod", "pods", Workload | ReturnsDeleted, "po") with
        {
            Categories = ["all"],
            SelectableFields = Fields.Pods,
            Subresources =
            [
                new("attach", "PodAttachOptions", ["create", "get"]), new("binding", "Binding", ["create"]),
                new("ephemeralcontainers", "Pod", s_statusVerbs), new("eviction", "Eviction", ["create"], "policy", "v1"),
                new("exec", "PodExecOptions", ["create", "get"]), new("log", "Pod", ["get"]),
                new("portforward", "PodPortForwardOptions", ["create", "get"]), new("proxy", "PodProxyOptions", s_proxyVerbs), StatusOf("Pod"),
            ],
        },
        Core("PodTemplate", "podtemplates", Namespaced | ReturnsDeleted),
        Core("ReplicationController", "replicationcontrollers", Workload, "rc") with
        {
            Categories = ["all"], Subresources = [ScaleOf(), StatusOf("ReplicationController")], SelectableFields = Fields.Of("status.replicas"),
        },
        Core("ResourceQuota", "resourcequotas", Namespaced | ResourceTraits.Status | ReturnsDeleted, "quota") with { Subresources = [StatusOf("ResourceQuota")] },
        Core("Secret", "secrets", Namespaced) with { SelectableFields = Fields.Of("type") },
        Core("ServiceAccount", "serviceaccounts", Namespaced | ReturnsDeleted, "sa") with
        {
            Subresources = [new("token", "TokenRequest", ["create"], "authentication.k8s.io", "v1")],
        },
        Core("Service", "services", Namespaced | ResourceTraits.Status | CreateOnUpdate | ReturnsDeleted, "svc") with
        {
            Categories = ["all"], Subresources = [new("proxy", "ServiceProxyOptions", s_proxyVerbs), StatusOf("Service")], SelectableFields = Fields.Of("spec.clusterIP", "spec.type"),
        },

        Of("apiregistration.k8s.io", "v1", "APIService", "apiservices", ResourceTraits.Status | Generation) with
        {
            Categories = s_extensions, Subresources = [StatusOf("APIService")],
        },

        Of("apps", "v1", "ControllerRevision", "controllerrevisions", Namespaced),
        Of("apps", "v1", "DaemonSet", "daemonsets", Workload, "ds") with { Categories = ["all"], Subresources = [StatusOf("DaemonSet")] },
        Of("apps", "v1", "Deployment", "deployments", Workload, "deploy") with { Categories = ["all"], Subresources = [ScaleOf(), StatusOf("Deployment")] },
        Of("apps", "v1", "ReplicaSet", "replicasets", Workload, "rs") with
        {
            Categories = ["all"], Subresources = [ScaleOf(), StatusOf("ReplicaSet")], SelectableFields = Fields.Of("status.replicas"),
        },
        Of("apps", "v1", "StatefulSet", "statefulsets", Workload, "sts") with { Categories = ["all"], Subresources = [ScaleOf(), StatusOf("StatefulSet")] },

        Of("events.k8s.io", "v1", "Event", "events", Namespaced | CreateOnUpdate, "ev") with
        {
            StoredAs = "/registry/events/", StoredApiVersion = "v1", SelectableFields = Fields.NewEvents,
        },

        Of("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", CreateOnly),
        Of("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", CreateOnly),

        Of("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", Namespaced | CreateOnly),
        Of("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", CreateOnly),
        Of("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", CreateOnly),
        Of("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", CreateOnly),

        Of("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", Namespaced | ResourceTraits.Status, "hpa") with
        {
            Categories = ["all"], Subresources = [StatusOf("HorizontalPodAutoscaler")],
        },
        Of("autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", Namespaced | ResourceTraits.Status, "hpa") with
        {
            Categories = ["all"], Subresources = [StatusOf("HorizontalPodAutoscaler")],
            StoredAs = "/registry/autoscaling/horizontalpodautoscalers/", StoredApiVersion = "autoscaling/v2",
        },

        Of("batch", "v1", "CronJob", "cronjobs", Workload, "cj") with { Categories = ["all"], Subresources = [StatusOf("CronJob")] },
        Of("batch", "v1", "Job", "jobs", Workload | OrphansByDefault) with
        {
            Categories = ["all"], Subresources = [StatusOf("Job")], SelectableFields = Fields.Of("status.successful=status.succeeded"),
        },
        Older("batch", "v1beta1", "CronJob", "cronjobs", Workload, "cj") with { Categories = ["all"], Subresources = [StatusOf("CronJob")] },

        Of("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", ResourceTraits.Status, "csr") with
        {
            Subresources = [new("approval", "CertificateSigningRequest", s_statusVerbs), StatusOf("CertificateSigningRequest")],
            SelectableFields = Fields.Of("spec.signerName"),
        },

        Of("networking.k8s.io", "v1", "IngressClass", "ingressclasses", Generation),
        Of("networking.k8s.io", "v1", "Ingress", "ingresses", Workload, "ing") with { Subresources = [StatusOf("Ingress")] },
        Of("networking.k8s.io", "v1", "IPAddress", "ipaddresses", CreateOnUpdate, "ip"),
        Of("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", Namespaced | Generation, "netpol"),
        Of("networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs", ResourceTraits.Status) with { Subresources = [StatusOf("ServiceCIDR")] },

        Of("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", Workload | NeedsResourceVersion, "pdb") with { Subresources = [StatusOf("PodDisruptionBudget")] },
        Older("policy", "v1beta1", "PodDisruptionBudget", "poddisruptionbudgets", Workload, "pdb") with { Subresources = [StatusOf("PodDisruptionBudget")] },

        Of("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", CreateOnUpdate),
        Of("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", CreateOnUpdate),
        Of("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", Namespaced | CreateOnUpdate),
        Of("rbac.authorization.k8s.io", "v1", "Role", "roles", Namespaced | CreateOnUpdate),

        Of("storage.k8s.io", "v1", "CSIDriver", "csidrivers", Generation | ReturnsDeleted),
        Of("storage.k8s.io", "v1", "CSINode", "csinodes", ReturnsDeleted),
        Of("storage.k8s.io", "v1", "CSIStorageCapacity", "csistoragecapacities", Namespaced | ReturnsDeleted),
        Of("storage.k8s.io", "v1", "StorageClass", "storageclasses", ReturnsDeleted, "sc"),
        Of("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", ResourceTraits.Status | ReturnsDeleted) with { Subresources = [StatusOf("VolumeAttachment")] },
        Of("storage.k8s.io", "v1", "VolumeAttributesClass", "volumeattributesclasses", ReturnsDeleted, "vac"),

        Admission("MutatingAdmissionPolicy", "mutatingadmissionpolicies"),
        Admission("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings"),
        Admission("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
        Admission("ValidatingAdmissionPolicy", "validatingadmissionpolicies", ResourceTraits.Status) with { Subresources = [StatusOf("ValidatingAdmissionPolicy")] },
        Admission("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
        Admission("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),

        Of("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", ResourceTraits.Status | Generation | ReturnsDeleted, "crd", "crds") with
        {
            Categories = s_extensions, Subresources = [StatusOf("CustomResourceDefinition")],
        },

        Of("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", Generation, "pc"),

        Of("coordination.k8s.io", "v1", "Lease", "leases", Namespaced | CreateOnUpdate | NeedsResourceVersion),

        Of("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", None),

        Of("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", Namespaced | Generation),
        Of("discovery.k8s.io", "v1beta1", "EndpointSlice", "endpointslices", Namespaced | Generation) with
        {
            StoredAs = "/registry/discovery.k8s.io/endpointslices/", StoredApiVersion = "discovery.k8s.io/v1",
        },

        Of("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema", "flowschemas", ResourceTraits.Status | Generation) with { Subresources = [StatusOf("FlowSchema")] },
        Of("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration", "prioritylevelconfigurations", ResourceTraits.Status | Generation) with
        {
            Subresources = [StatusOf("PriorityLevelConfiguration")],
        },
    ];

    /// <summary>True for what is kept without anything acting on it.</summary>
    public static bool IsStoredOnly(ResourceInfo resource) => resource.CustomSchema is null && s_storedOnly.Contains(resource.Qualified);

    /// <summary>The served resource of a URL; null when the server has no such thing.</summary>
    public static ResourceInfo? Find(string group, string version, string plural)
    {
        foreach (var resource in All)
        {
            if (resource.Plural == plural && resource.Version == version && resource.Group == group)
                return resource;
        }

        return null;
    }

    /// <summary>The storage form of a resource, by plural and group.</summary>
    public static ResourceInfo Get(string plural, string group = "") =>
        All.First(r => r.Plural == plural && r.Group == group && !r.Converted);

    public static ResourceInfo? FindKind(string apiVersion, string kind) => All.FirstOrDefault(r => r.Kind == kind && r.ApiVersion == apiVersion);

    private static ResourceInfo Core(string kind, string plural, ResourceTraits traits, params string[] shortNames) =>
        new("", "v1", kind, plural, "core.v1." + kind, traits) { ShortNames = shortNames };

    private static ResourceInfo Of(string group, string version, string kind, string plural, ResourceTraits traits, params string[] shortNames) =>
        new(group, version, kind, plural, $"{group.Split('.')[0]}.{version}.{kind}", traits) { ShortNames = shortNames };

    // Old names of the same thing keep kubectl 1.20 whole; upstream removed them in 1.25.
    private static ResourceInfo Older(string group, string version, string kind, string plural, ResourceTraits traits, params string[] shortNames) =>
        new(group, version, kind, plural, $"{group.Split('.')[0]}.v1.{kind}", traits)
        {
            ShortNames = shortNames, StoredAs = $"/registry/{group}/{plural}/", StoredApiVersion = group + "/v1",
        };

    private static ResourceInfo Admission(string kind, string plural, ResourceTraits traits = None) =>
        Of("admissionregistration.k8s.io", "v1", kind, plural, traits | Generation) with { Categories = s_extensions };

    private static SubresourceInfo StatusOf(string kind) => new("status", kind, s_statusVerbs);

    private static SubresourceInfo ScaleOf() => new("scale", "Scale", s_statusVerbs, "autoscaling", "v1");
}
