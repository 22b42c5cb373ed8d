using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Storage;
using Network.Store;

namespace Network.ApiServer.Authorization;

/// <summary>Decides by the Roles and bindings in the store. The parsed rules are kept until one of those objects changes.</summary>
internal sealed class RbacAuthorizer(IStore store) : IAuthorizer
{
    private const string Group = "rbac.authorization.k8s.io";
    private static readonly ResourceInfo[] s_watched =
    [
        ResourceCatalog.Get("clusterroles", Group), ResourceCatalog.Get("clusterrolebindings", Group),
        ResourceCatalog.Get("roles", Group), ResourceCatalog.Get("rolebindings", Group),
    ];

    private volatile Snapshot _snapshot = new("", [], []);

    public Decision Decide(UserInfo user, AccessRequest request)
    {
        if (user.Groups.Contains("system:masters"))
            return new(true, "");
        var snapshot = Current();
        foreach (var binding in snapshot.Bindings)
        {
            if (Applies(binding, user, request.Namespace) is { } subject && snapshot.Roles.GetValueOrDefault(binding.Role, []).Any(r => r.Allows(request)))
                return new(true, $"RBAC: allowed by {binding.Title} to {Title(subject, binding.Namespace)}");
        }

        return new(false, "");
    }

    /// <summary>All rules that hold for a user in a namespace.</summary>
    public IReadOnlyList<PolicyRule> RulesFor(UserInfo user, string ns)
    {
        if (user.Groups.Contains("system:masters"))
            return PolicyRule.Everything;
        var snapshot = Current();
        return [.. snapshot.Bindings.Where(b => Applies(b, user, ns) is not null).SelectMany(b => snapshot.Roles.GetValueOrDefault(b.Role, []))];
    }

    /// <summary>The rules of a role as a binding in a namespace refers to it; null when there is no such role.</summary>
    public IReadOnlyList<PolicyRule>? RulesOf(JsonNode? roleRef, string ns) =>
        Current().Roles.GetValueOrDefault(RoleKey(roleRef.Text("kind"), ns, roleRef.Text("name")));

    private static JsonObject? Applies(Binding binding, UserInfo user, string ns) =>
        binding.Namespace.Length == 0 || binding.Namespace == ns ? binding.Subjects.FirstOrDefault(s => Is(user, s, binding.Namespace)) : null;

    private static bool Is(UserInfo user, JsonObject subject, string ns) => subject.Text("kind") switch
    {
        "User" => subject.Text("name") is var name && (name == "*" || name == user.Name),
        "Group" => user.Groups.Contains(subject.Text("name")),
        "ServiceAccount" => user.Name == $"system:serviceaccount:{NamespaceOf(subject, ns)}:{subject.Text("name")}",
        _ => false,
    };

    private static string NamespaceOf(JsonObject subject, string ns) => subject.Text("namespace") is { Length: > 0 } given ? given : ns;

    private static string Title(JsonObject subject, string ns) => subject.Text("kind") == "ServiceAccount"
        ? $"ServiceAccount \"{subject.Text("name")}/{NamespaceOf(subject, ns)}\"" : $"{subject.Text("kind")} \"{subject.Text("name")}\"";

    private Snapshot Current()
    {
        var lists = s_watched.Select(r => store.List(r.StoragePrefix).Entries).ToArray();
        var version = string.Join('/', lists.Select(l => $"{l.Count}:{(l.Count == 0 ? 0 : l.Max(e => e.ModRevision))}"));
        if (_snapshot.Version == version)
            return _snapshot;
        var roles = new Dictionary<string, IReadOnlyList<PolicyRule>>(StringComparer.Ordinal);
        foreach (var index in (ReadOnlySpan<int>)[0, 2])
        {
            foreach (var entry in lists[index])
            {
                var role = ObjectBytes.Decode(s_watched[index], entry);
                roles[RoleKey(role.Text("kind"), role["metadata"].Text("namespace"), role["metadata"].Text("name"))] =
                    [.. role.Items("rules").Select(PolicyRule.From)];
            }
        }

        var bindings = new List<Binding>();
        foreach (var index in (ReadOnlySpan<int>)[1, 3])
            bindings.AddRange(lists[index].Select(e => Read(ObjectBytes.Decode(s_watched[index], e))));
        return _snapshot = new Snapshot(version, roles, bindings);
    }

    private static Binding Read(JsonObject binding)
    {
        var ns = binding["metadata"].Text("namespace");
        var (kind, role) = (binding.Text("roleRef", "kind"), binding.Text("roleRef", "name"));
        var name = binding["metadata"].Text("name") + (ns.Length > 0 ? "/" + ns : "");
        return new(ns, RoleKey(kind, ns, role), [.. binding.Items("subjects")], $"{binding.Text("kind")} \"{name}\" of {kind} \"{role}\"");
    }

    private static string RoleKey(string kind, string ns, string name) => kind == "ClusterRole" ? name : $"{ns}/{name}";

    private sealed record Binding(string Namespace, string Role, IReadOnlyList<JsonObject> Subjects, string Title);

    private sealed record Snapshot(string Version, Dictionary<string, IReadOnlyList<PolicyRule>> Roles, IReadOnlyList<Binding> Bindings);
}
