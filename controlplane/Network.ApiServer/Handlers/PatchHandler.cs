using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Patches;
using Network.Api.Schema;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Handlers;

/// <summary>PATCH in its four languages.</summary>
internal sealed class PatchHandler(ObjectRegistry registry, ApplyHandler apply)
{
    private const string Types = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml";
    private const string CustomTypes = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";

    public async Task HandleAsync(ApiRequest request)
    {
        var bytes = await RequestBody.ReadAsync(request.Http.Request, request.Cancel);
        // Clients append "; charset=utf-8".
        var media = RequestBody.MediaType(request.Http.Request);
        if (media == "application/apply-patch+yaml")
        {
            await apply.HandleAsync(request, bytes);
            return;
        }

        var change = Reader(request, media, bytes);
        var entry = await registry.UpdateAsync(request.Write(), request.Target.Name, old =>
        {
            var patched = Normalize(request, change((JsonObject)old.DeepClone()));
            CheckName(request, patched);
            return UpdateHandler.Merge(request, old, patched);
        });
        await ObjectResponse.WriteEntryAsync(request, entry);
    }

    /// <summary>A patch can produce anything, so its result is judged like a body.</summary>
    internal static JsonObject Normalize(ApiRequest request, JsonObject patched)
    {
        var type = request.Target.Resource.Schema;
        try
        {
            var decoded = JsonDecoder.Decode(Encoding.UTF8.GetBytes(patched.ToJsonString()), type);
            RequestBody.Judge(request, decoded, type);
            return decoded.Object;
        }
        catch (JsonException e)
        {
            throw Refusal.BadRequest($"error decoding the patched object: {e.Message}");
        }
    }

    internal static Func<JsonObject, JsonObject> Reader(ApiRequest request, string media, byte[] bytes, MessageType? type = null)
    {
        switch (media)
        {
            case "application/json-patch+json":
                var operations = Parse(bytes) as JsonArray ?? throw Refusal.BadRequest("error decoding patch: a JSON patch is an array");
                return value => JsonPatch.Apply(value, operations);
            case "application/merge-patch+json":
                var merge = Parse(bytes) as JsonObject ?? throw Refusal.BadRequest("error decoding patch: a merge patch is an object");
                return value =>
                {
                    MergePatch.Apply(value, merge);
                    return value;
                };
            case "application/strategic-merge-patch+json" when type is null && request.Target.Resource.CustomSchema is not null:
                throw Refusal.UnsupportedMediaType(CustomTypes);
            case "application/strategic-merge-patch+json":
                var strategic = Parse(bytes) as JsonObject ?? throw Refusal.BadRequest("error decoding patch: a strategic merge patch is an object");
                return value => StrategicMergePatch.Apply(value, strategic, type ?? request.Target.Resource.Schema);
            default:
                throw Refusal.UnsupportedMediaType(Types);
        }
    }

    private static JsonNode? Parse(byte[] bytes)
    {
        if (!FreeJson.IsText(bytes))
            throw Refusal.BadRequest("error decoding patch: strings are not valid UTF-8");
        try
        {
            // Of duplicates nobody can say which one was meant.
            return JsonNode.Parse(bytes, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException e)
        {
            throw Refusal.BadRequest($"error decoding patch: {e.Message}");
        }
    }

    private static void CheckName(ApiRequest request, JsonObject value)
    {
        var name = value["metadata"].Text("name");
        if (name.Length > 0 && name != request.Target.Name)
            throw Refusal.BadRequest($"the name of the object ({name}) does not match the name on the URL ({request.Target.Name})");
    }
}
