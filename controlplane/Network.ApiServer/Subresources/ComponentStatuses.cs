using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.ApiServer.Http;
using Network.ApiServer.Printing;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Subresources;

/// <summary>
/// The deprecated view of what stands behind the server. It names the store only: upstream also asks ports of scheduler and controllers on its own host, where
/// here they need not run.
/// </summary>
internal sealed class ComponentStatuses(ObjectRegistry registry)
{
    private const string Store = "etcd-0";

    public Task HandleAsync(ApiRequest request, string verb)
    {
        request.Warn("v1 ComponentStatus is deprecated in v1.19+");
        var status = Status();
        if (verb == "list")
            return WriteListAsync(request, status);
        if (request.Target.Name != Store)
            throw Refusal.NotFound("componentstatuses", "", request.Target.Name);
        JsonNode shown = request.Format.Shape == ResponseShape.Table ? TableWriter.One(request, Parse(status)) : status;
        return ObjectResponse.WriteAsync(request.Http, 200, shown, request.Format);
    }

    private Task WriteListAsync(ApiRequest request, JsonObject status)
    {
        var metadata = new JsonObject { ["resourceVersion"] = registry.Store.Revision.ToString(CultureInfo.InvariantCulture) };
        JsonNode shown = request.Format.Shape == ResponseShape.Table ? TableWriter.Of(request, [Parse(status)], metadata, true) : new JsonObject
        {
            ["kind"] = "ComponentStatusList", ["apiVersion"] = "v1", ["metadata"] = metadata, ["items"] = new JsonArray(status),
        };
        return ObjectResponse.WriteAsync(request.Http, 200, shown, request.Format);
    }

    private static JsonElement Parse(JsonObject value) => JsonElement.Parse(value.ToJsonString());

    // A store that answers with its revision is one that works; the process ends when it does not.
    private static JsonObject Status() => new()
    {
        ["kind"] = "ComponentStatus", ["apiVersion"] = "v1", ["metadata"] = new JsonObject { ["name"] = Store },
        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Healthy", ["status"] = "True", ["message"] = "ok" }),
    };
}
