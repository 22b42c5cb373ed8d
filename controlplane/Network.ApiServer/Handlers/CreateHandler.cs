using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Handlers;

/// <summary>POST to a collection.</summary>
internal sealed class CreateHandler(ObjectRegistry registry)
{
    public async Task HandleAsync(ApiRequest request)
    {
        var target = request.Target;
        var value = await RequestBody.ReadObjectAsync(request, target.Resource.Schema);
        var stated = value["metadata"].Text("namespace");
        if (target.Resource.Namespaced && stated.Length > 0 && stated != target.Namespace)
            throw Refusal.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        var entry = await registry.CreateAsync(request.Write(), value);
        await ObjectResponse.WriteEntryAsync(request, entry, 201);
    }
}
