using Network.ApiServer.Authentication;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Subresources;

/// <summary>Which handler serves which subresource or create-only kind. Not listed: status and its like, which the ordinary verbs serve.</summary>
internal static class SubresourceCatalog
{
    public static IReadOnlyDictionary<string, Func<ApiRequest, string, Task>> Create(
        ObjectRegistry registry, ServiceAccountTokens tokens, IdentityReviews identity, AccessReviews access, KubeletLink kubelets)
    {
        var proxy = new KubeletProxy(registry, kubelets);
        var proxies = new ProxyHandler(new ProxyTarget(registry, kubelets));
        var binding = new BindingHandler(registry);
        var scale = new ScaleHandler(registry);
        var connections = new ConnectReview(registry);
        return new Dictionary<string, Func<ApiRequest, string, Task>>
        {
            ["bindings"] = (r, _) => binding.HandleAsync(r),
            ["pods/binding"] = (r, _) => binding.HandleAsync(r),
            ["pods/eviction"] = (r, _) => new EvictionHandler(registry).HandleAsync(r),
            ["*/scale"] = scale.HandleAsync,
            ["pods/log"] = (r, _) => proxy.LogAsync(r),
            ["pods/exec"] = async (r, _) => await proxy.StreamAsync(await connections.AskAsync(r), "exec"),
            ["pods/attach"] = async (r, _) => await proxy.StreamAsync(await connections.AskAsync(r), "attach"),
            ["pods/portforward"] = async (r, _) => await proxy.StreamAsync(await connections.AskAsync(r), "portForward"),
            ["*/proxy"] = async (r, _) => await proxies.HandleAsync(await connections.AskAsync(r)),
            ["serviceaccounts/token"] = (r, _) => new TokenHandler(registry, tokens).HandleAsync(r),
            ["componentstatuses"] = new ComponentStatuses(registry).HandleAsync,
            ["tokenreviews"] = (r, _) => identity.TokenAsync(r),
            ["selfsubjectreviews"] = (r, _) => identity.SelfAsync(r),
            ["selfsubjectaccessreviews"] = (r, _) => access.SelfAsync(r),
            ["subjectaccessreviews"] = (r, _) => access.SubjectAsync(r),
            ["localsubjectaccessreviews"] = (r, _) => access.LocalAsync(r),
            ["selfsubjectrulesreviews"] = (r, _) => access.RulesAsync(r),
        };
    }
}
