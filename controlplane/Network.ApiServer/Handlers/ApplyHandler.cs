using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Handlers;

/// <summary>PATCH application/apply-patch+yaml: server-side apply.</summary>
internal sealed class ApplyHandler(ObjectRegistry registry)
{
    public async Task HandleAsync(ApiRequest request, byte[] bytes)
    {
        var resource = request.Target.Resource;
        if (request.Query("fieldManager").Length == 0)
            throw Refusal.Invalid("PatchOptions", "meta.k8s.io", "", [FieldFault.Required("fieldManager", "is required for apply patch")]);
        var decoded = RequestBody.DecodeJson(RequestBody.YamlToJson(bytes), resource.Schema);
        Undeclared(request, decoded);
        RequestBody.Judge(request, decoded, resource.Schema);
        var wanted = decoded.Object;
        if (wanted["metadata"].At("managedFields") is JsonArray { Count: > 0 })
            throw Refusal.BadRequest("metadata.managedFields must be nil");
        wanted.Child("metadata")["name"] = request.Target.Name;
        var context = request.Write() with { OwnManagedFields = true };
        var apply = new ServerSideApply(context, request.QueryFlag("force"), registry.Time);
        if (registry.Store.Get(resource.Key(request.Target.Namespace, request.Target.Name)) is null && request.Target.Subresource.Length == 0)
        {
            var created = await registry.CreateAsync(context, apply.Merge(null, wanted));
            await ObjectResponse.WriteEntryAsync(request, created, 201);
            return;
        }

        var entry = await registry.UpdateAsync(context, request.Target.Name, old =>
        {
            var merged = apply.Merge((JsonObject)old.DeepClone(), (JsonObject)wanted.DeepClone());
            var managed = merged["metadata"].At("managedFields")?.DeepClone();
            var result = UpdateHandler.Merge(request, old, merged);
            result.Child("metadata")["managedFields"] = managed;
            return result;
        });
        await ObjectResponse.WriteEntryAsync(request, entry);
    }

    // A manager cannot own what the schema does not have, so unknown fields are refused whatever fieldValidation says. Upstream's
    // error is a plain one without a reason, answered as 500 (structured-merge-diff typed); the text stays, but who is at fault
    // is the client.
    private static void Undeclared(ApiRequest request, Decoded decoded)
    {
        const string unknown = "unknown field \"";
        var faults = decoded.StrictFaults.Where(fault => fault.StartsWith(unknown, StringComparison.Ordinal))
            .Select(fault => $".{fault[unknown.Length..^1]}: field not declared in schema").ToList();
        if (faults.Count == 0)
            return;
        var (resource, ns) = (request.Target.Resource, request.Target.Namespace);
        throw new ApiException(400, "", $"failed to create typed patch object ({ns}/{request.Target.Name}; {resource.ApiVersion}, Kind={resource.Kind}): "
            + (faults.Count == 1 ? faults[0] : $"errors:\n{string.Join('\n', faults.Select(fault => $"  {fault}"))}"));
    }
}
