using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Handlers;

/// <summary>DELETE of one object.</summary>
internal sealed class DeleteHandler(ObjectRegistry registry)
{
    public async Task HandleAsync(ApiRequest request)
    {
        var target = request.Target;
        var options = await ReadOptionsAsync(request);
        var deletion = await registry.DeleteAsync(request.Write(), target.Name, options);
        if (!deletion.Gone || target.Resource.Has(ResourceTraits.ReturnsDeleted))
        {
            await ObjectResponse.WriteEntryAsync(request, deletion.Entry);
            return;
        }

        var details = new JsonObject { ["name"] = target.Name };
        if (target.Resource.Group.Length > 0)
            details["group"] = target.Resource.Group;
        details["kind"] = target.Resource.Plural;
        details["uid"] = deletion.Uid;
        await ObjectResponse.WriteAsync(request.Http, 200, Success(details), request.Format);
    }

    internal static JsonObject Success(JsonObject? details)
    {
        var status = new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success" };
        if (details is not null)
            status["details"] = details;
        return status;
    }

    /// <summary>Options come in the body, in the query, or not at all.</summary>
    internal static async ValueTask<DeleteOptions> ReadOptionsAsync(ApiRequest request)
    {
        var bytes = await RequestBody.ReadAsync(request.Http.Request, request.Cancel);
        var body = bytes.Length == 0 ? [] : RequestBody.Decode(request, bytes, ApiSchema.Get("meta.v1.DeleteOptions"));
        var options = DeleteOptions.From(body);
        if (options.GraceSeconds is null && long.TryParse(request.Query("gracePeriodSeconds"), out var grace))
            options = options with { GraceSeconds = grace };
        if (options.Propagation.Length == 0 && request.Query("propagationPolicy") is { Length: > 0 } policy)
            options = options with { Propagation = policy };
        return request.DryRun ? options with { DryRun = true } : options;
    }
}
