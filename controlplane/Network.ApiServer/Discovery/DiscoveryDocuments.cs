using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.ApiServer.CustomResources;

namespace Network.ApiServer.Discovery;

/// <summary>The documents clients learn the API from, built from the catalog.</summary>
internal sealed class DiscoveryDocuments(ServedResources served)
{
    public static JsonObject Versions(string address) => new()
    {
        ["kind"] = "APIVersions", ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = address }),
    };

    public JsonObject Groups() => new()
    {
        ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = new JsonArray([.. GroupNames().Select(g => (JsonNode)GroupOf(g))]),
    };

    /// <summary>Null for a group that is not served.</summary>
    public JsonObject? Group(string group)
    {
        if (!GroupNames().Contains(group))
            return null;
        var value = GroupOf(group);
        value.Insert(0, "kind", "APIGroup");
        value.Insert(1, "apiVersion", "v1");
        return value;
    }

    /// <summary>Null for a group version that is not served.</summary>
    public JsonObject? Resources(string group, string version)
    {
        var resources = served.All.Where(r => r.Group == group && r.Version == version).ToList();
        if (resources.Count == 0)
            return null;
        var document = new JsonObject
        {
            ["kind"] = "APIResourceList", ["apiVersion"] = "v1", ["groupVersion"] = resources[0].ApiVersion,
            ["resources"] = new JsonArray([.. resources.SelectMany(Lines).OrderBy(l => l["name"]!.ToString(), StringComparer.Ordinal)]),
        };
        // The core group's lists are older than the rule that everything says its version.
        if (group.Length == 0)
            document.Remove("apiVersion");
        return document;
    }

    /// <summary>APIGroupDiscoveryList v2 or v2beta1, of the core group or of all others.</summary>
    public JsonObject Aggregated(bool core, string version)
    {
        var items = new JsonArray();
        foreach (var group in core ? [""] : GroupNames())
        {
            var versions = VersionsOf(group).Select(v => (JsonNode)new JsonObject
            {
                ["version"] = v,
                ["resources"] = new JsonArray([.. served.All.Where(r => r.Group == group && r.Version == v)
                    .OrderBy(r => r.Plural, StringComparer.Ordinal).Select(r => (JsonNode)AggregatedResource(r))]),
                ["freshness"] = "Current",
            });
            var metadata = group.Length > 0 ? new JsonObject { ["name"] = group } : [];
            items.Add((JsonNode)new JsonObject { ["metadata"] = metadata, ["versions"] = new JsonArray([.. versions]) });
        }

        return new JsonObject
        {
            ["kind"] = "APIGroupDiscoveryList", ["apiVersion"] = "apidiscovery.k8s.io/" + version, ["metadata"] = new JsonObject(), ["items"] = items,
        };
    }

    public IEnumerable<string> GroupNames() => served.All.Select(r => r.Group).Where(g => g.Length > 0).Distinct();

    // The preferred version stands first: newest stable before its older names.
    public IEnumerable<string> VersionsOf(string group) => served.All.Where(r => r.Group == group)
        .Select(r => r.Version).Distinct().Order(VersionOrder.Instance);

    private JsonObject GroupOf(string group)
    {
        var versions = VersionsOf(group).Select(v => new JsonObject { ["groupVersion"] = $"{group}/{v}", ["version"] = v }).ToList();
        return new JsonObject
        {
            ["name"] = group, ["versions"] = new JsonArray([.. versions]), ["preferredVersion"] = versions[0].DeepClone(),
        };
    }

    private static IEnumerable<JsonNode> Lines(ResourceInfo resource)
    {
        var line = new JsonObject
        {
            ["name"] = resource.Plural, ["singularName"] = resource.Singular, ["namespaced"] = resource.Namespaced, ["kind"] = resource.Kind, ["verbs"] = Texts(resource.Verbs),
        };
        if (resource.ShortNames.Count > 0)
            line["shortNames"] = Texts(resource.ShortNames);
        if (resource.Categories.Count > 0)
            line["categories"] = Texts(resource.Categories);
        yield return line;
        foreach (var sub in resource.Subresources)
        {
            var value = new JsonObject { ["name"] = $"{resource.Plural}/{sub.Name}", ["singularName"] = "", ["namespaced"] = resource.Namespaced };
            if (sub.Version.Length > 0)
                (value["group"], value["version"]) = (sub.Group, sub.Version);
            (value["kind"], value["verbs"]) = (sub.Kind, Texts(sub.Verbs));
            yield return value;
        }
    }

    private static JsonObject AggregatedResource(ResourceInfo resource)
    {
        var value = new JsonObject
        {
            ["resource"] = resource.Plural, ["responseKind"] = ResponseKind("", "", resource.Kind),
            ["scope"] = resource.Namespaced ? "Namespaced" : "Cluster", ["singularResource"] = resource.Singular, ["verbs"] = Texts(resource.Verbs),
        };
        if (resource.ShortNames.Count > 0)
            value["shortNames"] = Texts(resource.ShortNames);
        if (resource.Categories.Count > 0)
            value["categories"] = Texts(resource.Categories);
        if (resource.Subresources.Count > 0)
        {
            value["subresources"] = new JsonArray([.. resource.Subresources.Select(s => (JsonNode)new JsonObject
            {
                ["subresource"] = s.Name,
                ["responseKind"] = ResponseKind(s.Group, s.Version, s.Kind),
                ["verbs"] = Texts(s.Verbs),
            })]);
        }

        return value;
    }

    // An empty group and version mean those of the parent.
    private static JsonObject ResponseKind(string group, string version, string kind) => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);
}
