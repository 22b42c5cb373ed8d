using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Registry;
using Network.ApiServer.Storage;

namespace Network.ApiServer.Authorization;

/// <summary>
/// What a kubelet may do: read what the pods bound to it refer to, and write its own node, lease and pod status
/// (plugin/pkg/auth/authorizer/node). Everything else of system:node is in <see cref="s_rules"/>; who a write is about is checked again by
/// the NodeRestriction admission, which sees the object.
/// </summary>
internal sealed class NodeAuthorizer(ObjectRegistry registry) : IAuthorizer
{
    private const string LeaseNamespace = "kube-node-lease";
    private static readonly ResourceInfo s_pods = ResourceCatalog.Get("pods");
    private static readonly PolicyRule[] s_rules = [.. Bootstrap.NodeRoles.NodeRules().Select(PolicyRule.From)];

    public Decision Decide(UserInfo user, AccessRequest request)
    {
        if (NodeIdentity.Of(user) is not { } node)
            return default;
        if (node.Length == 0)
            return No($"unknown node for user \"{user.Name}\"");
        if (request.Path.Length > 0)
            return default;
        return (request.Group, request.Resource) switch
        {
            ("", "secrets") => Read(node, request, "secret", (pod, name) => PodReferences.Secrets(pod["spec"]).Contains(name)),
            ("", "configmaps") => Read(node, request, "configmap", (pod, name) => PodReferences.ConfigMaps(pod["spec"]).Contains(name)),
            ("", "persistentvolumeclaims") => Claim(node, request),
            ("", "persistentvolumes") => Volume(node, request),
            ("", "serviceaccounts") => Token(node, request),
            ("", "nodes") => Node(node, request),
            ("", "pods") => Pod(node, request),
            ("coordination.k8s.io", "leases") => Lease(node, request),
            _ => new(s_rules.Any(r => r.Allows(request)), ""),
        };
    }

    private static Decision No(string reason) => new(false, reason);

    private static Decision Unrelated(string node) => No($"no relationship found between node '{node}' and this object");

    private Decision Read(string node, AccessRequest request, string kind, Func<JsonObject, string, bool> refers)
    {
        if (request.Subresource.Length > 0)
            return No("can only read resources of this type");
        if (request.Verb is not ("get" or "list" or "watch"))
            return No("can only read resources of this type");
        if (request.Namespace.Length == 0)
            return No("can only read namespaced object of this type");
        if (request.Name.Length == 0)
            return No("No Object name found");
        return PodsOf(node, request.Namespace).Any(p => !IsMirror(p) && refers(p, request.Name)) ? new(true, $"node: a pod refers to the {kind}") : Unrelated(node);
    }

    private Decision Claim(string node, AccessRequest request)
    {
        var allowed = request.Subresource switch
        {
            "" => request.Verb == "get",
            "status" => request.Verb is "get" or "update" or "patch",
            _ => false,
        };
        if (!allowed || request.Name.Length == 0)
            return No("can only get individual resources of this type");
        return PodsOf(node, request.Namespace).Any(p => PodReferences.Claims(p["spec"], p.Text("metadata", "name")).Contains(request.Name)) ? new(true, "") : Unrelated(node);
    }

    private Decision Volume(string node, AccessRequest request)
    {
        if (request.Verb != "get" || request.Name.Length == 0 || request.Subresource.Length > 0)
            return No("can only get individual resources of this type");
        var claims = ResourceCatalog.Get("persistentvolumeclaims");
        var found = PodsOf(node, "").Any(p => PodReferences.Claims(p["spec"], p.Text("metadata", "name"))
            .Any(c => registry.Find(claims, p.Text("metadata", "namespace"), c).Text("spec", "volumeName") == request.Name));
        return found ? new(true, "") : Unrelated(node);
    }

    private Decision Token(string node, AccessRequest request)
    {
        if (request.Subresource != "token" || request.Verb != "create" || request.Name.Length == 0)
            return No("can only create tokens for individual service accounts");
        return PodsOf(node, request.Namespace).Any(p => p.Text("spec", "serviceAccountName") == request.Name && !IsMirror(p)) ? new(true, "") : Unrelated(node);
    }

    private static Decision Node(string node, AccessRequest request) => (request.Subresource, request.Verb) switch
    {
        ("", "create") => new(true, ""),
        ("", "get" or "list" or "watch" or "update" or "patch") or ("status", "get" or "update" or "patch") => request.Name == node
            ? new(true, "") : No($"node '{node}' cannot {(request.Verb is "get" or "list" or "watch" ? "read" : "modify")} all nodes, only its own Node object"),
        _ => No("can only create, read and update its own Node object and its status"),
    };

    private Decision Pod(string node, AccessRequest request)
    {
        switch (request.Subresource, request.Verb)
        {
            case ("", "create" or "delete") or ("status", "update" or "patch") or ("eviction", "create"):
                return new(true, "");
            case ("", "list" or "watch"):
                return request.OnlyNode == node ? new(true, "") : No("can only list/watch pods with spec.nodeName field selector");
            case ("" or "status", "get"):
                return registry.Find(s_pods, request.Namespace, request.Name) is { } pod && pod.Text("spec", "nodeName") == node ? new(true, "") : Unrelated(node);
            default:
                return No("can only get, list, watch, create and delete its own pods and update their status");
        }
    }

    private static Decision Lease(string node, AccessRequest request)
    {
        if (request.Namespace != LeaseNamespace)
            return No($"can only access leases in the \"{LeaseNamespace}\" system namespace");
        // Who answers for load balancers' addresses is no secret among nodes; each takes over addresses, but speaks for itself alone.
        if (request.Verb is "list" or "watch" || request.Name.StartsWith("address.", StringComparison.Ordinal)
            || (request.Name.StartsWith("announcer.", StringComparison.Ordinal) && (request.Verb == "get" || request.Name == $"announcer.{node}")))
            return new(true, "");
        if (request.Verb is not ("get" or "create" or "update" or "patch" or "delete"))
            return No("can only get, create, update, patch, or delete a node lease");
        return request.Name == node || (request.Verb == "create" && request.Name.Length == 0) ? new(true, "")
            : No("can only access node lease with the same name as the requesting node");
    }

    private static bool IsMirror(JsonObject pod) => pod.Text("metadata", "annotations", "kubernetes.io/config.mirror").Length > 0;

    // Most pods are on other nodes: the stored text tells so without being parsed.
    private IEnumerable<JsonObject> PodsOf(string node, string ns)
    {
        var mark = Encoding.UTF8.GetBytes($"\"nodeName\":\"{node}\"");
        return registry.Store.List(s_pods.StoragePrefix + (ns.Length > 0 ? ns + "/" : "")).Entries
            .Where(e => e.Value.Span.IndexOf(mark) >= 0).Select(e => ObjectBytes.Decode(s_pods, e)).Where(p => p.Text("spec", "nodeName") == node);
    }
}
