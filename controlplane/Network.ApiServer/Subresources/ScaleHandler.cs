using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Handlers;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;
using Network.ApiServer.Storage;

namespace Network.ApiServer.Subresources;

/// <summary>autoscaling/v1 Scale of everything with spec.replicas.</summary>
internal sealed class ScaleHandler(ObjectRegistry registry)
{
    private static MessageType Schema => ApiSchema.Get("autoscaling.v1.Scale");

    public async Task HandleAsync(ApiRequest request, string verb)
    {
        var target = request.Target;
        if (verb == "get")
        {
            await WriteAsync(request, ObjectBytes.Decode(target.Resource, registry.Require(target.Resource, target.Namespace, target.Name)));
            return;
        }

        var bytes = await RequestBody.ReadAsync(request.Http.Request, request.Cancel);
        Func<JsonObject, JsonObject> change = verb == "update"
            ? _ => RequestBody.Decode(request, bytes, Schema)
            : old => Patch(request, bytes, old);
        // Subresource stays empty: a scale changes the spec, so generation and validation apply.
        var entry = await registry.UpdateAsync(request.Write() with { Subresource = "" }, target.Name, owner => Apply(owner, change(ScaleOf(request, owner)), target.Name));
        await WriteAsync(request, ObjectBytes.Decode(target.Resource, entry));
    }

    private static JsonObject Patch(ApiRequest request, byte[] bytes, JsonObject old)
    {
        var patched = PatchHandler.Reader(request, RequestBody.MediaType(request.Http.Request), bytes, Schema)(old);
        return JsonDecoder.Decode(Encoding.UTF8.GetBytes(patched.ToJsonString()), Schema).Object;
    }

    private static JsonObject Apply(JsonObject owner, JsonObject scale, string name)
    {
        var replicas = scale.Number("spec", "replicas") ?? 0;
        if (replicas < 0)
            throw Refusal.Invalid("Scale", "autoscaling", name, [FieldFault.Invalid("spec.replicas", replicas, "must be greater than or equal to 0")]);
        owner.Child("spec")["replicas"] = replicas;
        owner.Child("metadata")["resourceVersion"] = scale["metadata"].At("resourceVersion")?.DeepClone();
        return owner;
    }

    private static Task WriteAsync(ApiRequest request, JsonObject owner) =>
        ObjectResponse.WriteAsync(request.Http, 200, ScaleOf(request, owner), request.Format with { Shape = ResponseShape.Object });

    private static JsonObject ScaleOf(ApiRequest request, JsonObject owner)
    {
        var metadata = new JsonObject();
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
        {
            if (owner["metadata"].At(name) is { } value)
                metadata[name] = value.DeepClone();
        }

        var selector = owner.At("spec", "selector");
        return new JsonObject
        {
            ["kind"] = "Scale", ["apiVersion"] = "autoscaling/v1", ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = owner.Number("spec", "replicas") ?? 0 },
            ["status"] = new JsonObject
            {
                ["replicas"] = owner.Number("status", "replicas") ?? 0,
                ["selector"] = request.Target.Resource.Kind == "ReplicationController"
                    ? SelectorObject.ToQuery(new JsonObject { ["matchLabels"] = selector?.DeepClone() }) : SelectorObject.ToQuery(selector),
            },
        };
    }
}
