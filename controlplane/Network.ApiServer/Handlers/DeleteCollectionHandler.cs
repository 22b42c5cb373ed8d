using Network.Api.Errors;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;
using Network.ApiServer.Storage;
using Network.Api.Schema;

namespace Network.ApiServer.Handlers;

/// <summary>DELETE of a collection: each selected object by the rules of a single delete.</summary>
internal sealed class DeleteCollectionHandler(ObjectRegistry registry)
{
    public async Task HandleAsync(ApiRequest request)
    {
        var options = await DeleteHandler.ReadOptionsAsync(request);
        var page = ListPage.Read(registry.Store, request, Selection.From(request));
        foreach (var entry in page.Entries)
        {
            var metadata = ObjectBytes.Decode(request.Target.Resource, entry)["metadata"];
            var context = request.Write() with { Namespace = metadata.Text("namespace") };
            try
            {
                await registry.DeleteAsync(context, metadata.Text("name"), options);
            }
            catch (ApiException e) when (e.Code == 404)
            {
                // Somebody else deleted it first; gone is what was wanted.
            }
        }

        await ObjectResponse.WriteAsync(request.Http, 200, DeleteHandler.Success(null), request.Format);
    }
}
