using System.Text.Json.Nodes;

namespace Network.ApiServer.Bootstrap;

/// <summary>Short spellings of roles, bindings and rules; lists are words with spaces between.</summary>
internal static class PolicyObjects
{
    public const string Rbac = "rbac.authorization.k8s.io";
    public const string Read = "get list watch";
    public const string Write = "create delete deletecollection patch update";
    public const string Events = " events.k8s.io";
    private const string Aggregate = Rbac + "/aggregate-to-";

    public static JsonObject Role(string name, params IEnumerable<JsonObject> rules) => new()
    {
        ["metadata"] = Metadata(name), ["rules"] = new JsonArray([.. rules.Select(r => (JsonNode)r.DeepClone())]),
    };

    /// <summary>The role's rules also belong to the role it is aggregated to.</summary>
    public static JsonObject FeedsInto(this JsonObject role, string aggregate)
    {
        role["metadata"]!["labels"]![Aggregate + aggregate] = "true";
        return role;
    }

    /// <summary>A role made of all roles that feed into it.</summary>
    public static JsonObject Aggregated(string name)
    {
        var selector = new JsonObject { ["matchLabels"] = new JsonObject { [Aggregate + name] = "true" } };
        return new JsonObject { ["metadata"] = Metadata(name), ["aggregationRule"] = new JsonObject { ["clusterRoleSelectors"] = new JsonArray(selector) }, ["rules"] = new JsonArray() };
    }

    public static JsonObject Binding(string name, string role, params JsonObject[] subjects) => new()
    {
        ["metadata"] = Metadata(name), ["subjects"] = new JsonArray([.. subjects]),
        ["roleRef"] = new JsonObject { ["apiGroup"] = Rbac, ["kind"] = "ClusterRole", ["name"] = role },
    };

    public static JsonObject Rule(string verbs, string groups, string resources) => new()
    {
        ["verbs"] = Words(verbs), ["apiGroups"] = Words(groups), ["resources"] = Words(resources),
    };

    public static JsonObject Rule(string verbs, string groups, string resources, string names)
    {
        var rule = Rule(verbs, groups, resources);
        rule["resourceNames"] = Words(names);
        return rule;
    }

    public static JsonObject NonResource(string verbs, string paths) => new() { ["verbs"] = Words(verbs), ["nonResourceURLs"] = Words(paths) };

    public static JsonObject Group(string name) => new() { ["kind"] = "Group", ["apiGroup"] = Rbac, ["name"] = name };

    public static JsonObject User(string name) => new() { ["kind"] = "User", ["apiGroup"] = Rbac, ["name"] = name };

    public static JsonObject Account(string ns, string name) => new() { ["kind"] = "ServiceAccount", ["name"] = name, ["namespace"] = ns };

    private static JsonObject Metadata(string name) => new()
    {
        ["name"] = name,
        ["annotations"] = new JsonObject { ["rbac.authorization.kubernetes.io/autoupdate"] = "true" },
        ["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
    };

    private static JsonArray Words(string text) => new([.. text.Split(' ').Select(w => (JsonNode)w)]);
}
