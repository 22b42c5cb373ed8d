namespace Network.Conformance.Clients;

/// <summary>The built-in kinds that scenarios speak of.</summary>
public static class Kinds
{
    public static readonly Kind ConfigMaps = new("", "v1", "configmaps", "ConfigMap");
    public static readonly Kind Secrets = new("", "v1", "secrets", "Secret");
    public static readonly Kind Pods = new("", "v1", "pods", "Pod");
    public static readonly Kind PodTemplates = new("", "v1", "podtemplates", "PodTemplate");
    public static readonly Kind Services = new("", "v1", "services", "Service");
    public static readonly Kind Endpoints = new("", "v1", "endpoints", "Endpoints");
    public static readonly Kind Events = new("", "v1", "events", "Event");
    public static readonly Kind ServiceAccounts = new("", "v1", "serviceaccounts", "ServiceAccount");
    public static readonly Kind ResourceQuotas = new("", "v1", "resourcequotas", "ResourceQuota");
    public static readonly Kind LimitRanges = new("", "v1", "limitranges", "LimitRange");
    public static readonly Kind ReplicationControllers = new("", "v1", "replicationcontrollers", "ReplicationController");
    public static readonly Kind PersistentVolumeClaims = new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim");
    public static readonly Kind Namespaces = new("", "v1", "namespaces", "Namespace", false);
    public static readonly Kind Nodes = new("", "v1", "nodes", "Node", false);
    public static readonly Kind Deployments = new("apps", "v1", "deployments", "Deployment");
    public static readonly Kind ReplicaSets = new("apps", "v1", "replicasets", "ReplicaSet");
    public static readonly Kind Leases = new("coordination.k8s.io", "v1", "leases", "Lease");
    public static readonly Kind NewEvents = new("events.k8s.io", "v1", "events", "Event");
    public static readonly Kind EndpointSlices = new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice");
    public static readonly Kind Ingresses = new("networking.k8s.io", "v1", "ingresses", "Ingress");
    public static readonly Kind IngressClasses = new("networking.k8s.io", "v1", "ingressclasses", "IngressClass", false);
    public static readonly Kind ServiceCidrs = new("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", false);
    public static readonly Kind IpAddresses = new("networking.k8s.io", "v1", "ipaddresses", "IPAddress", false);
    public static readonly Kind FlowSchemas = new("flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema", false);
    public static readonly Kind PriorityLevels = new("flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations", "PriorityLevelConfiguration", false);
    public static readonly Kind Definitions = new("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false);
    public static readonly Kind CertificateRequests = new("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", false);
    public static readonly Kind TokenReviews = new("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", false);
    public static readonly Kind SubjectAccessReviews = new("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", false);
    public static readonly Kind LocalSubjectAccessReviews = new("authorization.k8s.io", "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview");
    public static readonly Kind SelfSubjectAccessReviews = new("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", false);
    public static readonly Kind SelfSubjectReviews = new("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", false);
    public static readonly Kind Roles = new("rbac.authorization.k8s.io", "v1", "roles", "Role");
    public static readonly Kind RoleBindings = new("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding");
    public static readonly Kind ApiServices = new("apiregistration.k8s.io", "v1", "apiservices", "APIService", false);
    public static readonly Kind CronJobs = new("batch", "v1", "cronjobs", "CronJob");
    public static readonly Kind Autoscalers = new("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler");
    public static readonly Kind DisruptionBudgets = new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget");
    public static readonly Kind ValidatingPolicies = new("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", false);
    public static readonly Kind ValidatingPolicyBindings = new("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", false);
    public static readonly Kind ValidatingWebhooks = new("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false);
    public static readonly Kind MutatingWebhooks = new("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", false);
}
