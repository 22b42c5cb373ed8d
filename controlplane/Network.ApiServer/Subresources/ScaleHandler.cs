using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Admission;
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
        var entry = await registry.UpdateAsync(request.Write() with { Subresource = "", Reviewed = true }, target.Name, async owner =>
        {
            var old = ScaleOf(request, owner);
            var scale = change((JsonObject)old.DeepClone());
            await registry.Admission.ReviewAsync(new AdmissionRequest(request.Write(), AdmissionOperation.Update, scale, old) { TargetName = target.Name });
            return Apply(owner, scale, target.Name, target.Resource.Scale);
        });
        await WriteAsync(request, ObjectBytes.Decode(target.Resource, entry));
    }

    private static JsonObject Patch(ApiRequest request, byte[] bytes, JsonObject old)
    {
        var patched = PatchHandler.Reader(request, RequestBody.MediaType(request.Http.Request), bytes, Schema)(old);
        return JsonDecoder.Decode(Encoding.UTF8.GetBytes(patched.ToJsonString()), Schema).Object;
    }

    private static JsonObject Apply(JsonObject owner, JsonObject scale, string name, ScalePaths paths)
    {
        var replicas = scale.Number("spec", "replicas") ?? 0;
        if (replicas < 0)
            throw Refusal.Invalid("Scale", "autoscaling", name, [FieldFault.Invalid("spec.replicas", replicas, "must be greater than or equal to 0")]);
        var steps = paths.Replicas.Split('.');
        var parent = owner;
        foreach (var step in steps.AsSpan(..^1))
            parent = parent.Child(step);
        parent[steps[^1]] = replicas;
        owner.Child("metadata")["resourceVersion"] = scale["metadata"].At("resourceVersion")?.DeepClone();
        return owner;
    }

    private static Task WriteAsync(ApiRequest request, JsonObject owner) =>
        ObjectResponse.WriteAsync(request.Http, 200, ScaleOf(request, owner), request.Format with { Shape = ResponseShape.Object });

    private static string SelectorText(ResourceInfo resource, JsonObject owner)
    {
        if (resource.CustomSchema is not null)
            return resource.Scale.Selector.Length == 0 ? "" : owner.Text(resource.Scale.Selector.Split('.'));
        var selector = owner.At("spec", "selector");
        return SelectorObject.ToQuery(resource.Kind == "ReplicationController" ? new JsonObject { ["matchLabels"] = selector?.DeepClone() } : selector);
    }

    private static JsonObject ScaleOf(ApiRequest request, JsonObject owner)
    {
        var metadata = new JsonObject();
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
        {
            if (owner["metadata"].At(name) is { } value)
                metadata[name] = value.DeepClone();
        }

        var paths = request.Target.Resource.Scale;
        return new JsonObject
        {
            ["kind"] = "Scale", ["apiVersion"] = "autoscaling/v1", ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = owner.Number(paths.Replicas.Split('.')) ?? 0 },
            ["status"] = new JsonObject
            {
                ["replicas"] = owner.Number(paths.Observed.Split('.')) ?? 0, ["selector"] = SelectorText(request.Target.Resource, owner),
            },
        };
    }
}
