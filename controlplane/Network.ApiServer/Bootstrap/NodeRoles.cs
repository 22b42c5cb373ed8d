using System.Text.Json.Nodes;
using static Network.ApiServer.Bootstrap.PolicyObjects;

namespace Network.ApiServer.Bootstrap;

/// <summary>
/// What node agents need. A kubelet's own rights are decided by the node authorizer, so nothing is bound to system:node; the overlay, the service proxy
/// and the DNS server of a node work under the node's identity and get a named role each.
/// </summary>
internal static class NodeRoles
{
    public static IEnumerable<JsonObject> All() =>
    [
        Role("system:node", NodeRules()),
        Role("system:node-bootstrapper", Rule("create get list watch", "certificates.k8s.io", "certificatesigningrequests")),
        Role("system:node-problem-detector", Rule("get", "", "nodes"), Rule("patch", "", "nodes/status"), Rule("create patch update", Events, "events")),
        Role("system:node-proxier",
            Rule("list watch", "", "services endpoints"), Rule(Read, "", "nodes"), Rule("create patch update", Events, "events"),
            Rule("list watch", "discovery.k8s.io", "endpointslices")),
        Role("system:kubelet-api-admin",
            Rule(Read, "", "nodes"), Rule("proxy", "", "nodes"), Rule("*", "", "nodes/log nodes/metrics nodes/proxy nodes/stats nodes/configz nodes/healthz nodes/pods")),
        Role("podnet:node-overlay", Rule(Read, "", "nodes")),
        Role("podnet:node-dns", Rule("list watch", "", "namespaces services endpoints"), Rule("list watch", "discovery.k8s.io", "endpointslices")),
        // Bound by whoever writes "pods verified" into a Corefile: without it a node sees no other node's pods.
        Role("podnet:node-dns-verified", Rule("list watch", "", "pods")),
    ];

    public static IEnumerable<JsonObject> Bindings() =>
    [
        Binding("system:node", "system:node"),
        Binding("system:node-proxier", "system:node-proxier", User("system:kube-proxy")),
        Binding("podnet:node-proxier", "system:node-proxier", Group("system:nodes")),
        Binding("podnet:node-overlay", "podnet:node-overlay", Group("system:nodes")),
        Binding("podnet:node-dns", "podnet:node-dns", Group("system:nodes")),
        Binding("podnet:node-bootstrap", "system:node-bootstrapper", Group("system:bootstrappers")),
        Binding("podnet:node-autoapprove-bootstrap", "system:certificates.k8s.io:certificatesigningrequests:nodeclient", Group("system:bootstrappers")),
        Binding("podnet:node-autoapprove-rotation", "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", Group("system:nodes")),
    ];

    /// <summary>The upper bound of a kubelet's rights; the node authorizer narrows reads to what its pods refer to.</summary>
    public static JsonObject[] NodeRules() =>
    [
        Rule("create", "authentication.k8s.io", "tokenreviews"), Rule("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
        Rule(Read, "", "services"), Rule("create get list watch", "", "nodes"), Rule("patch update", "", "nodes nodes/status"),
        Rule("create patch update", Events, "events"), Rule(Read, "", "pods"), Rule("create delete", "", "pods"), Rule("patch update", "", "pods/status"),
        Rule("create", "", "pods/eviction"), Rule(Read, "", "configmaps secrets"), Rule("get", "", "persistentvolumeclaims persistentvolumes"),
        Rule("get", "", "endpoints"), Rule("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
        Rule("create delete get patch update", "coordination.k8s.io", "leases"), Rule("create", "", "serviceaccounts/token"),
        Rule("get patch update", "", "persistentvolumeclaims/status"), Rule(Read, "node.k8s.io", "runtimeclasses"),
        Rule("create delete get patch update", "storage.k8s.io", "csinodes"), Rule(Read, "storage.k8s.io", "csidrivers"),
    ];
}
