using Network.Api.Errors;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;
using Network.ApiServer.Watching;

namespace Network.ApiServer.Handlers;

/// <summary>The verbs on stored objects, one handler each.</summary>
internal sealed class VerbHandlers
{
    private readonly GetHandler _get;
    private readonly ListHandler _list;
    private readonly WatchHandler _watch;
    private readonly CreateHandler _create;
    private readonly UpdateHandler _update;
    private readonly PatchHandler _patch;
    private readonly DeleteHandler _delete;
    private readonly DeleteCollectionHandler _deleteCollection;

    public VerbHandlers(ObjectRegistry registry, WatchHub hub, CancellationToken stopping)
    {
        _get = new(registry);
        _list = new(registry);
        _watch = new(registry, hub, stopping);
        _create = new(registry);
        _update = new(registry);
        _patch = new(registry, new ApplyHandler(registry));
        _delete = new(registry);
        _deleteCollection = new(registry);
    }

    public Task HandleAsync(ApiRequest request, string verb) => verb switch
    {
        "get" => _get.HandleAsync(request),
        "list" => _list.HandleAsync(request),
        "watch" => _watch.HandleAsync(request),
        "create" when request.Target.Name.Length == 0 => _create.HandleAsync(request),
        "update" when request.Target.Name.Length > 0 => _update.HandleAsync(request),
        "patch" when request.Target.Name.Length > 0 => _patch.HandleAsync(request),
        "delete" => _delete.HandleAsync(request),
        "deletecollection" => _deleteCollection.HandleAsync(request),
        _ => throw Refusal.MethodNotAllowed(),
    };
}
