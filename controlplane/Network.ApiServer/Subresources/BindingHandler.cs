using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Admission;
using Network.ApiServer.Handlers;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Subresources;

/// <summary>The scheduler's word: this pod runs on that node.</summary>
internal sealed class BindingHandler(ObjectRegistry registry)
{
    public async Task HandleAsync(ApiRequest request)
    {
        var binding = await RequestBody.ReadObjectAsync(request, ApiSchema.Get("core.v1.Binding"));
        var name = request.Target.Name.Length > 0 ? request.Target.Name : binding["metadata"].Text("name");
        var admission = new AdmissionRequest(request.Write(), AdmissionOperation.Create, binding, null) { TargetName = name };
        await registry.Admission.ReviewAsync(admission);
        var node = binding.Text("target", "name");
        if (binding.Text("target", "kind") is { Length: > 0 } kind and not "Node")
            throw Refusal.Invalid("Binding", "", name, [FieldFault.NotSupported("target.kind", kind, "Node", "<empty>")]);
        if (node.Length == 0)
            throw Refusal.Invalid("Binding", "", name, [FieldFault.Required("target.name")]);
        var context = request.Write() with { Resource = ResourceCatalog.Get("pods"), Subresource = "binding", Reviewed = true };
        await registry.UpdateAsync(context, name, pod => Assign(pod, binding, name, node));
        await ObjectResponse.WriteAsync(request.Http, 201, DeleteHandler.Success(null), request.Format);
    }

    private JsonObject Assign(JsonObject pod, JsonObject binding, string name, string node)
    {
        if (binding["metadata"].Text("uid") is { Length: > 0 } uid && uid != pod["metadata"].Text("uid"))
            throw Refusal.Conflict("pods/binding", "", name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {pod["metadata"].Text("uid")}");
        if (pod["metadata"].Text("deletionTimestamp").Length > 0)
            throw Refusal.Conflict("pods/binding", "", name, $"pod {name} is being deleted, cannot be assigned to a host");
        if (pod.Text("spec", "nodeName") is { Length: > 0 } assigned)
            throw Refusal.Conflict("pods/binding", "", name, $"pod {name} is already assigned to node \"{assigned}\"");
        pod.Child("spec")["nodeName"] = node;
        var conditions = pod.Items("status", "conditions").Where(c => c.Text("type") != "PodScheduled").Select(c => c.DeepClone()).ToList();
        conditions.Add(new JsonObject
        {
            ["type"] = "PodScheduled", ["status"] = "True", ["lastProbeTime"] = null, ["lastTransitionTime"] = WireTime.Format(registry.Time.GetUtcNow()),
        });
        pod.Child("status")["conditions"] = new JsonArray([.. conditions]);
        foreach (var (key, value) in binding["metadata"].At("annotations") as JsonObject ?? [])
            pod.Child("metadata").Child("annotations")[key] = value?.DeepClone();
        return pod;
    }
}
