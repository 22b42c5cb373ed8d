using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Handlers;

/// <summary>PUT of an object or of its status.</summary>
internal sealed class UpdateHandler(ObjectRegistry registry)
{
    public async Task HandleAsync(ApiRequest request)
    {
        var target = request.Target;
        var resource = target.Resource;
        var value = await RequestBody.ReadObjectAsync(request, resource.Schema);
        CheckNames(target, value);
        var revision = value["metadata"].Text("resourceVersion");
        if (resource.Has(ResourceTraits.CreateOnUpdate) && target.Subresource.Length == 0 && revision.Length == 0
            && registry.Store.Get(resource.Key(target.Namespace, target.Name)) is null)
        {
            await ObjectResponse.WriteEntryAsync(request, await registry.CreateAsync(request.Write(), value), 201);
            return;
        }

        if (resource.Has(ResourceTraits.NeedsResourceVersion) && revision.Length == 0)
            throw Refusal.Invalid(resource.Kind, resource.Group, target.Name, [FieldFault.Invalid("metadata.resourceVersion", 0, "must be specified for an update")]);
        var entry = await registry.UpdateAsync(request.Write(), target.Name, old => Merge(request, old, (JsonObject)value.DeepClone()));
        await ObjectResponse.WriteEntryAsync(request, entry);
    }

    /// <summary>What of the sent object counts: everything, or for a subresource only its own part.</summary>
    internal static JsonObject Merge(ApiRequest request, JsonObject old, JsonObject sent)
    {
        if (request.Target.Subresource.Length == 0)
            return sent;
        var merged = SubresourceMerge.Apply(request.Target.Subresource, old, sent);
        if (sent["metadata"].Text("resourceVersion") is { Length: > 0 } revision)
            merged.Child("metadata")["resourceVersion"] = revision;
        return merged;
    }

    private static void CheckNames(RequestTarget target, JsonObject value)
    {
        var metadata = value.Child("metadata");
        var (name, ns) = (metadata.Text("name"), metadata.Text("namespace"));
        if (name.Length == 0)
            metadata["name"] = target.Name;
        else if (name != target.Name)
            throw Refusal.BadRequest($"the name of the object ({name}) does not match the name on the URL ({target.Name})");
        if (target.Resource.Namespaced && ns.Length > 0 && ns != target.Namespace)
            throw Refusal.BadRequest($"the namespace of the object ({ns}) does not match the namespace on the URL ({target.Namespace})");
    }
}
