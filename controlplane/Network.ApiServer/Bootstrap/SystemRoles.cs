using System.Text.Json.Nodes;
using static Network.ApiServer.Bootstrap.PolicyObjects;

namespace Network.ApiServer.Bootstrap;

/// <summary>Roles of everybody and of the cluster's components.</summary>
internal static class SystemRoles
{
    private const string Certificates = "certificates.k8s.io";
    private const string Signing = "system:certificates.k8s.io:certificatesigningrequests:";

    public static IEnumerable<JsonObject> All() =>
    [
        Role("system:discovery", NonResource("get", "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/")),
        Role("system:public-info-viewer", NonResource("get", "/healthz /livez /readyz /version /version/")),
        Role("system:basic-user",
            Rule("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"), Rule("create", "authentication.k8s.io", "selfsubjectreviews")),
        Role("system:service-account-issuer-discovery", NonResource("get", "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/")),
        Role("system:monitoring", NonResource("get", "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*")),
        Role("system:heapster", Rule(Read, "", "events namespaces nodes pods"), Rule(Read, "apps", "deployments")),
        Role("system:auth-delegator", Rule("create", "authentication.k8s.io", "tokenreviews"), Rule("create", "authorization.k8s.io", "subjectaccessreviews")),
        Role("system:kube-aggregator", Rule(Read, "", "endpoints services")),
        Role("system:kube-dns", Rule("list watch", "", "endpoints services")),
        Role("system:kube-scheduler", Scheduler()),
        Role("system:volume-scheduler", Rule("get list patch update watch", "", "persistentvolumes persistentvolumeclaims"), Rule(Read, "storage.k8s.io", "storageclasses")),
        // One identity for all controllers here; the garbage collector and the namespace controller delete every kind there is.
        Role("system:kube-controller-manager", Rule("*", "*", "*"), NonResource("get", "/api /api/* /apis /apis/*")),
        Role("system:persistent-volume-provisioner",
            Rule("create delete get list watch", "", "persistentvolumes"), Rule("get list update watch", "", "persistentvolumeclaims"),
            Rule(Read, "storage.k8s.io", "storageclasses"), Rule("watch", "", "events"), Rule("create patch update", Events, "events")),
        Role(Signing + "nodeclient", Rule("create", Certificates, "certificatesigningrequests/nodeclient")),
        Role(Signing + "selfnodeclient", Rule("create", Certificates, "certificatesigningrequests/selfnodeclient")),
        .. new[] { "kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving", "legacy-unknown" }
            .Select(signer => Role($"system:certificates.k8s.io:{signer}-approver", Rule("approve", Certificates, "signers", $"kubernetes.io/{signer}"))),
    ];

    public static IEnumerable<JsonObject> Bindings() =>
    [
        Binding("cluster-admin", "cluster-admin", Group("system:masters")),
        Binding("system:discovery", "system:discovery", Group("system:authenticated")),
        Binding("system:public-info-viewer", "system:public-info-viewer", Group("system:authenticated"), Group("system:unauthenticated")),
        Binding("system:basic-user", "system:basic-user", Group("system:authenticated")),
        Binding("system:service-account-issuer-discovery", "system:service-account-issuer-discovery", Group("system:serviceaccounts")),
        Binding("system:monitoring", "system:monitoring", Group("system:monitoring")),
        Binding("system:kube-dns", "system:kube-dns", Account("kube-system", "kube-dns")),
        Binding("system:kube-scheduler", "system:kube-scheduler", User("system:kube-scheduler")),
        Binding("system:volume-scheduler", "system:volume-scheduler", User("system:kube-scheduler")),
        Binding("system:kube-controller-manager", "system:kube-controller-manager", User("system:kube-controller-manager")),
    ];

    private static JsonObject[] Scheduler() =>
    [
        Rule("create patch update", Events, "events"), Rule("create get update patch list watch", "coordination.k8s.io", "leases"),
        Rule(Read, "", "nodes namespaces services replicationcontrollers persistentvolumes persistentvolumeclaims"), Rule("delete get list watch", "", "pods"),
        Rule("create", "", "bindings pods/binding"), Rule("patch update", "", "pods/status"), Rule(Read, "apps", "replicasets statefulsets"),
        Rule(Read, "policy", "poddisruptionbudgets"), Rule(Read, "storage.k8s.io", "storageclasses"), Rule(Read, "scheduling.k8s.io", "priorityclasses"),
        Rule("create", "authentication.k8s.io", "tokenreviews"), Rule("create", "authorization.k8s.io", "subjectaccessreviews"),
    ];
}
