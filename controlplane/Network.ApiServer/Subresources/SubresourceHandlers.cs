using Network.Api.Errors;
using Network.ApiServer.Http;

namespace Network.ApiServer.Subresources;

/// <summary>Subresources and the kinds that are only ever created.</summary>
internal sealed class SubresourceHandlers(Handlers.VerbHandlers verbs, IReadOnlyDictionary<string, Func<ApiRequest, string, Task>> handlers)
{
    public Task HandleAsync(ApiRequest request, string verb)
    {
        var target = request.Target;
        var name = target.Subresource.Length > 0 ? $"{target.Resource.Plural}/{target.Subresource}" : target.Resource.Plural;
        if (target.Resource.Subresource(target.Subresource) is { } known && !known.Verbs.Contains(verb))
            throw Refusal.MethodNotAllowed();
        // status, approval, ephemeralcontainers: the object itself with a narrower merge.
        return handlers.GetValueOrDefault(name) is { } handler ? handler(request, verb)
            : handlers.GetValueOrDefault("*/" + target.Subresource) is { } shared ? shared(request, verb)
            : verbs.HandleAsync(request, verb);
    }
}
