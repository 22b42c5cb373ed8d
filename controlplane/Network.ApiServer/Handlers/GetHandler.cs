using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Handlers;

/// <summary>GET of one object.</summary>
internal sealed class GetHandler(ObjectRegistry registry)
{
    public async Task HandleAsync(ApiRequest request)
    {
        var target = request.Target;
        await FreshReads.WaitAsync(registry.Store, request.Query("resourceVersion"), request.Cancel);
        await ObjectResponse.WriteEntryAsync(request, registry.Require(target.Resource, target.Namespace, target.Name));
    }
}
