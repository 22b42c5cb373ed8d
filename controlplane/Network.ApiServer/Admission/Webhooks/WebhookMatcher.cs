using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;
using Network.ApiServer.Subresources;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>Decides which webhooks see a request: rules, equivalent resources, selectors (apiserver webhook/generic ShouldCallHook).</summary>
internal sealed class WebhookMatcher(ObjectRegistry registry, EquivalentResources equivalents)
{
    private static readonly ResourceInfo s_namespaces = ResourceCatalog.Get("namespaces");

    public static string NameOf(AdmissionOperation operation) => operation switch
    {
        AdmissionOperation.Create => "CREATE",
        AdmissionOperation.Update => "UPDATE",
        AdmissionOperation.Delete => "DELETE",
        _ => "CONNECT",
    };

    /// <summary>The namespace a request is about; a namespace is about itself.</summary>
    public static string NamespaceOf(AdmissionRequest request) =>
        request.Context.Resource == s_namespaces ? request.Name : request.Context.Resource.Namespaced ? request.Context.Namespace : "";

    /// <summary>
    /// Not a matter for webhooks: the configurations themselves, so that a broken one can be repaired; what the server writes on its own, so that none keeps
    /// it from starting; and what webhooks have seen in another form already.
    /// </summary>
    public static bool IsExempt(AdmissionRequest request) => request.Context.Reviewed
        || ReferenceEquals(request.Context.User, Authentication.UserInfo.Loopback)
        || request.Context.Resource.Group == "admissionregistration.k8s.io";

    /// <summary>Null when the webhook is not concerned.</summary>
    /// <exception cref="ApiException">404, the namespace whose labels would decide does not exist.</exception>
    public Invocation? Match(Webhook hook, AdmissionRequest request)
    {
        var resource = Wanted(hook, request);
        return resource is not null && InNamespace(hook, request) && IsSelected(hook, request) ? new Invocation(hook, resource) : null;
    }

    private ResourceInfo? Wanted(Webhook hook, AdmissionRequest request)
    {
        var (resource, subresource) = (request.Context.Resource, request.Context.Subresource);
        var operation = NameOf(request.Operation);
        if (Named(resource))
            return resource;
        return hook.Equivalent && hook.Rules.Count > 0 ? equivalents.Of(resource).FirstOrDefault(Named) : null;

        bool Named(ResourceInfo candidate) => hook.Rules.Any(rule => rule.Matches(operation, candidate, subresource, candidate.Namespaced));
    }

    private bool InNamespace(Webhook hook, AdmissionRequest request)
    {
        var ns = NamespaceOf(request);
        if (hook.NamespaceSelector is null || (ns.Length == 0 && request.Context.Resource != s_namespaces))
            return true;
        // The stored namespace is not yet what it is going to be.
        var own = request.Context.Resource == s_namespaces && request.Context.Subresource.Length == 0 && request.Operation is AdmissionOperation.Create or AdmissionOperation.Update;
        var judged = own ? request.Value : registry.Find(s_namespaces, "", ns) ?? throw Refusal.NotFound("namespaces", "", ns);
        return SelectorObject.Matches(hook.NamespaceSelector, judged.At("metadata", "labels"));
    }

    // Either state counts: a label that is taken away must not take the object out of sight first. Connections have no labels.
    private static bool IsSelected(Webhook hook, AdmissionRequest request) => hook.ObjectSelector is null
        || (request.Operation != AdmissionOperation.Connect && SelectorObject.Matches(hook.ObjectSelector, request.Value.At("metadata", "labels")))
        || (request.Old is not null && SelectorObject.Matches(hook.ObjectSelector, request.Old.At("metadata", "labels")));
}
