using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>One rule of a webhook: which operations on which resources it wants to see (apiserver webhook/predicates/rules).</summary>
internal sealed class WebhookRule(JsonObject rule)
{
    private readonly string[] _operations = [.. rule.Texts("operations")];
    private readonly string[] _groups = [.. rule.Texts("apiGroups")];
    private readonly string[] _versions = [.. rule.Texts("apiVersions")];
    private readonly (string Resource, string Subresource)[] _resources = [.. rule.Texts("resources").Select(Split)];
    private readonly string _scope = rule.Text("scope");

    /// <param name="operation">CREATE, UPDATE, DELETE or CONNECT.</param>
    /// <param name="inNamespace">The request names a namespace; a namespace object is not inside itself.</param>
    public bool Matches(string operation, ResourceInfo resource, string subresource, bool inNamespace) =>
        HasScope(inNamespace) && Has(_operations, operation) && Has(_groups, resource.Group) && Has(_versions, resource.Version)
        && Array.Exists(_resources, r => (r.Resource == "*" || r.Resource == resource.Plural) && (r.Subresource == "*" || r.Subresource == subresource));

    private bool HasScope(bool inNamespace) => _scope switch
    {
        "Namespaced" => inNamespace,
        "Cluster" => !inNamespace,
        _ => true,
    };

    private static bool Has(string[] wanted, string value) => Array.Exists(wanted, w => w == "*" || w == value);

    // "pods" is the resource alone, "pods/*" it and all its subresources, "*/*" everything.
    private static (string Resource, string Subresource) Split(string text)
    {
        var slash = text.IndexOf('/');
        return slash < 0 ? (text, "") : (text[..slash], text[(slash + 1)..]);
    }
}
