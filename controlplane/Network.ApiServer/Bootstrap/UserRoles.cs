using System.Text.Json.Nodes;
using static Network.ApiServer.Bootstrap.PolicyObjects;

namespace Network.ApiServer.Bootstrap;

/// <summary>Roles for people: cluster-admin, and admin, edit and view, which are aggregated so that new kinds can join them.</summary>
internal static class UserRoles
{
    private const string Streams = "pods/attach pods/exec pods/portforward pods/proxy";

    public static IEnumerable<JsonObject> All() =>
    [
        Role("cluster-admin", Rule("*", "*", "*"), NonResource("*", "*")),
        Aggregated("admin"),
        Aggregated("edit").FeedsInto("admin"),
        Aggregated("view").FeedsInto("edit"),
        Role("system:aggregate-to-admin",
            Rule("create", "authorization.k8s.io", "localsubjectaccessreviews"), Rule($"{Read} {Write}", Rbac, "rolebindings roles")).FeedsInto("admin"),
        Role("system:aggregate-to-edit", Edit()).FeedsInto("edit"),
        Role("system:aggregate-to-view", View()).FeedsInto("view"),
    ];

    // Endpoints and slices are read-only on purpose: whoever writes them can send a service's traffic elsewhere (CVE-2021-25740).
    private static JsonObject[] Edit() =>
    [
        Rule(Read, "", $"{Streams} secrets services/proxy"), Rule("impersonate", "", "serviceaccounts"), Rule(Write, "", $"pods {Streams}"),
        Rule("create", "", "pods/eviction"),
        Rule(Write, "", "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy"),
        Rule("create", "", "serviceaccounts/token"),
        Rule(Write, "apps", "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale"),
        Rule(Write, "autoscaling", "horizontalpodautoscalers"), Rule(Write, "batch", "cronjobs jobs"), Rule(Write, "policy", "poddisruptionbudgets"),
        Rule(Write, "networking.k8s.io", "ingresses networkpolicies"), Rule($"{Read} {Write}", "coordination.k8s.io", "leases"),
    ];

    private static JsonObject[] View() =>
    [
        Rule(Read, "", "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status"),
        Rule(Read, "", "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status"),
        Rule(Read, "", "namespaces"), Rule(Read, "discovery.k8s.io", "endpointslices"), Rule(Read, "events.k8s.io", "events"),
        Rule(Read, "apps", "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status"),
        Rule(Read, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"), Rule(Read, "batch", "cronjobs cronjobs/status jobs jobs/status"),
        Rule(Read, "policy", "poddisruptionbudgets poddisruptionbudgets/status"), Rule(Read, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
    ];
}
