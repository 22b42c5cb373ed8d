using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.ApiServer.Subresources;

namespace Network.ApiServer.Bootstrap;

/// <summary>The default roles and bindings (plugin/pkg/auth/authorizer/rbac/bootstrappolicy).</summary>
internal static class BootstrapPolicy
{
    /// <summary>All default roles; the aggregated ones already filled, so that they work before any controller runs.</summary>
    public static IReadOnlyList<JsonObject> ClusterRoles()
    {
        List<JsonObject> roles = [.. UserRoles.All(), .. SystemRoles.All(), .. NodeRoles.All()];
        // view feeds into edit, edit into admin: filled in that order.
        foreach (var aggregate in roles.Where(r => r["aggregationRule"] is not null).Reverse())
            aggregate["rules"] = Fill(aggregate, roles);
        return roles;
    }

    public static IReadOnlyList<JsonObject> ClusterRoleBindings() => [.. SystemRoles.Bindings(), .. NodeRoles.Bindings()];

    private static JsonArray Fill(JsonObject aggregate, List<JsonObject> roles) => new([.. roles
        .Where(r => aggregate.Items("aggregationRule", "clusterRoleSelectors").Any(s => SelectorObject.Matches(s, r.At("metadata", "labels"))))
        .OrderBy(r => r.Text("metadata", "name"), StringComparer.Ordinal).SelectMany(r => r.Items("rules")).Select(r => (JsonNode)r.DeepClone())]);
}
