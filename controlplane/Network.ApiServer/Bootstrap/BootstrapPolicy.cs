using System.Text.Json.Nodes;

namespace Network.ApiServer.Bootstrap;

/// <summary>The default roles (plugin/pkg/auth/authorizer/rbac/bootstrappolicy), as far as the kinds served here need them.</summary>
internal static class BootstrapPolicy
{
    private const string Read = "get list watch";
    private const string Write = "create delete deletecollection get list patch update watch";
    private const string Rbac = "rbac.authorization.k8s.io";
    private const string Workloads = "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods pods/status pods/log replicationcontrollers replicationcontrollers/scale replicationcontrollers/status serviceaccounts services services/status limitranges resourcequotas resourcequotas/status namespaces namespaces/status bindings events";
    private const string Apps = "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status";

    public static IEnumerable<JsonObject> ClusterRoles() =>
    [
        Role("cluster-admin", Rule("*", "*", "*"), NonResource("*", "*")),
        Role("admin", [.. EditRules(), Rule(Write, Rbac, "roles rolebindings"), Rule("create", "authorization.k8s.io", "localsubjectaccessreviews")]),
        Role("edit", EditRules()),
        Role("view", ViewRules()),
        Role("system:discovery", NonResource("get", "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/")),
        Role("system:public-info-viewer", NonResource("get", "/healthz /livez /readyz /version /version/")),
        Role("system:basic-user",
            Rule("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"), Rule("create", "authentication.k8s.io", "selfsubjectreviews")),
        Role("system:service-account-issuer-discovery", NonResource("get", "/.well-known/openid-configuration /openid/v1/jwks")),
        Role("system:monitoring", NonResource("get", "/metrics /metrics/slis /livez /readyz /healthz /livez/* /readyz/* /healthz/*")),
        Role("system:node", NodeRules()),
        Role("system:node-proxier",
            Rule(Read, "", "services endpoints nodes"), Rule(Read, "discovery.k8s.io", "endpointslices"), Rule("create patch update", " events.k8s.io", "events")),
        Role("system:kube-dns", Rule("list watch", "", "endpoints services pods namespaces"), Rule("list watch", "discovery.k8s.io", "endpointslices")),
        Role("system:kube-scheduler", SchedulerRules()),
        Role("system:kube-controller-manager", Rule("*", "*", "*")),
    ];

    public static IEnumerable<JsonObject> ClusterRoleBindings() =>
    [
        Binding("cluster-admin", "cluster-admin", Group("system:masters")),
        Binding("system:discovery", "system:discovery", Group("system:authenticated")),
        Binding("system:public-info-viewer", "system:public-info-viewer", Group("system:authenticated"), Group("system:unauthenticated")),
        Binding("system:basic-user", "system:basic-user", Group("system:authenticated")),
        Binding("system:service-account-issuer-discovery", "system:service-account-issuer-discovery", Group("system:serviceaccounts")),
        Binding("system:monitoring", "system:monitoring", Group("system:monitoring")),
        Binding("system:node", "system:node", Group("system:nodes")),
        Binding("system:node-proxier", "system:node-proxier", User("system:kube-proxy")),
        Binding("system:kube-scheduler", "system:kube-scheduler", User("system:kube-scheduler")),
        Binding("system:kube-controller-manager", "system:kube-controller-manager", User("system:kube-controller-manager")),
    ];

    private static JsonObject[] ViewRules() =>
    [
        Rule(Read, "", Workloads), Rule(Read, "apps", Apps), Rule(Read, "discovery.k8s.io", "endpointslices"),
        Rule(Read, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"), Rule(Read, "batch", "cronjobs cronjobs/status jobs jobs/status"),
        Rule(Read, "policy", "poddisruptionbudgets poddisruptionbudgets/status"), Rule(Read, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
        Rule(Read, "events.k8s.io", "events"),
    ];

    private static JsonObject[] EditRules() =>
    [
        .. ViewRules(),
        Rule(Write, "", "pods pods/attach pods/exec pods/portforward pods/proxy pods/eviction configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy endpoints"),
        Rule("create", "", "serviceaccounts/token"), Rule("impersonate", "", "serviceaccounts"),
        Rule(Write, "apps", "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale"),
        Rule(Write, "autoscaling", "horizontalpodautoscalers"), Rule(Write, "batch", "cronjobs jobs"), Rule(Write, "policy", "poddisruptionbudgets"),
        Rule(Write, "networking.k8s.io", "ingresses networkpolicies"), Rule(Write, "coordination.k8s.io", "leases"),
    ];

    // Wide enough for a whole node agent: kubelet, overlay, service proxy, policy and DNS.
    private static JsonObject[] NodeRules() =>
    [
        Rule(Read, "", "pods services endpoints nodes namespaces secrets configmaps serviceaccounts persistentvolumes persistentvolumeclaims limitranges resourcequotas"),
        Rule("create delete", "", "pods"), Rule("patch update", "", "pods/status"), Rule("create", "", "pods/eviction serviceaccounts/token"),
        Rule("create patch update delete", "", "nodes"), Rule("patch update", "", "nodes/status"), Rule("create patch update", " events.k8s.io", "events"),
        Rule("create get list watch update patch delete", "coordination.k8s.io", "leases"), Rule(Read, "discovery.k8s.io", "endpointslices"),
        Rule(Read, "networking.k8s.io", "networkpolicies ingresses"), Rule("create", "authentication.k8s.io", "tokenreviews"),
        Rule("create", "authorization.k8s.io", "subjectaccessreviews localsubjectaccessreviews"),
        Rule("create get list watch", "certificates.k8s.io", "certificatesigningrequests"), Rule(Read, "node.k8s.io", "runtimeclasses"),
    ];

    private static JsonObject[] SchedulerRules() =>
    [
        Rule("create patch update", " events.k8s.io", "events"), Rule("create get update patch list watch", "coordination.k8s.io", "leases"),
        Rule(Read, "", "nodes namespaces services replicationcontrollers persistentvolumes persistentvolumeclaims"), Rule("delete get list watch", "", "pods"),
        Rule("create", "", "bindings pods/binding"), Rule("patch update", "", "pods/status"), Rule(Read, "apps", "replicasets statefulsets"),
        Rule(Read, "policy", "poddisruptionbudgets"), Rule(Read, "storage.k8s.io", "storageclasses"), Rule(Read, "scheduling.k8s.io", "priorityclasses"),
        Rule("create", "authentication.k8s.io", "tokenreviews"), Rule("create", "authorization.k8s.io", "subjectaccessreviews"),
    ];

    private static JsonObject Role(string name, params JsonObject[] rules) => new()
    {
        ["metadata"] = Metadata(name), ["rules"] = new JsonArray([.. rules.Select(r => (JsonNode)r.DeepClone())]),
    };

    private static JsonObject Binding(string name, string role, params JsonObject[] subjects) => new()
    {
        ["metadata"] = Metadata(name), ["subjects"] = new JsonArray([.. subjects]),
        ["roleRef"] = new JsonObject { ["apiGroup"] = Rbac, ["kind"] = "ClusterRole", ["name"] = role },
    };

    private static JsonObject Metadata(string name) => new()
    {
        ["name"] = name,
        ["annotations"] = new JsonObject { ["rbac.authorization.kubernetes.io/autoupdate"] = "true" },
        ["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
    };

    private static JsonObject Rule(string verbs, string groups, string resources) => new()
    {
        ["verbs"] = Words(verbs), ["apiGroups"] = Words(groups), ["resources"] = Words(resources),
    };

    private static JsonObject NonResource(string verbs, string paths) => new() { ["verbs"] = Words(verbs), ["nonResourceURLs"] = Words(paths) };

    private static JsonObject Group(string name) => new() { ["kind"] = "Group", ["apiGroup"] = Rbac, ["name"] = name };

    private static JsonObject User(string name) => new() { ["kind"] = "User", ["apiGroup"] = Rbac, ["name"] = name };

    private static JsonArray Words(string text) => new([.. text.Split(' ').Select(w => (JsonNode)w)]);
}
