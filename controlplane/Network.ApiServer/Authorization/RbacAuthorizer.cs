using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Storage;
using Network.Store;

namespace Network.ApiServer.Authorization;

/// <summary>Decides by the Roles and bindings in the store. The parsed rules are kept until one of those objects changes.</summary>
internal sealed class RbacAuthorizer(IStore store)
{
    private const string Group = "rbac.authorization.k8s.io";
    private static readonly ResourceInfo[] s_watched =
    [
        ResourceCatalog.Get("clusterroles", Group), ResourceCatalog.Get("clusterrolebindings", Group),
        ResourceCatalog.Get("roles", Group), ResourceCatalog.Get("rolebindings", Group),
    ];

    private volatile Snapshot _snapshot = new("", [], []);

    public bool Allows(UserInfo user, AccessRequest request) =>
        user.Groups.Contains("system:masters") || RulesFor(user, request.Namespace).Any(r => r.Allows(request));

    /// <summary>All rules that hold for a user in a namespace.</summary>
    public IEnumerable<PolicyRule> RulesFor(UserInfo user, string ns)
    {
        if (user.Groups.Contains("system:masters"))
            return [new(["*"], ["*"], ["*"]), new(["*"], [], []) { Paths = ["*"] }];
        var snapshot = Current();
        return snapshot.Bindings.Where(b => (b.Namespace.Length == 0 || b.Namespace == ns) && b.Subjects.Any(s => Is(user, s, b.Namespace)))
            .SelectMany(b => snapshot.Roles.GetValueOrDefault(b.Role, []));
    }

    private static bool Is(UserInfo user, JsonObject subject, string ns) => subject.Text("kind") switch
    {
        "User" => subject.Text("name") is var name && (name == "*" || name == user.Name),
        "Group" => user.Groups.Contains(subject.Text("name")),
        "ServiceAccount" => user.Name == $"system:serviceaccount:{(subject.Text("namespace") is { Length: > 0 } given ? given : ns)}:{subject.Text("name")}",
        _ => false,
    };

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
        return new(ns, RoleKey(binding.Text("roleRef", "kind"), ns, binding.Text("roleRef", "name")), [.. binding.Items("subjects")]);
    }

    private static string RoleKey(string kind, string ns, string name) => kind == "ClusterRole" ? name : $"{ns}/{name}";

    private sealed record Binding(string Namespace, string Role, IReadOnlyList<JsonObject> Subjects);

    private sealed record Snapshot(string Version, Dictionary<string, IReadOnlyList<PolicyRule>> Roles, IReadOnlyList<Binding> Bindings);
}
