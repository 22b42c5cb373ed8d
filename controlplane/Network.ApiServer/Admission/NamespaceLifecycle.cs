using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;
using Network.ApiServer.Storage;

namespace Network.ApiServer.Admission;

/// <summary>Nothing is created in a namespace that is missing or ending; the namespaces the cluster lives in stay.</summary>
internal sealed class NamespaceLifecycle(ObjectRegistry registry) : IAdmission
{
    private static readonly string[] s_immortal = ["default", "kube-system", "kube-public"];
    private static readonly ResourceInfo s_namespaces = ResourceCatalog.Get("namespaces");

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        var (resource, name) = (request.Context.Resource, request.Value["metadata"].Text("name"));
        if (request.Operation == AdmissionOperation.Delete && resource == s_namespaces && s_immortal.Contains(name))
            throw Refusal.Forbidden("namespaces", "", name, "this namespace may not be deleted");
        if (request.Operation != AdmissionOperation.Create || !resource.Namespaced)
            return default;
        var ns = request.Context.Namespace;
        var stored = registry.Store.Get(s_namespaces.Key("", ns)) ?? throw Refusal.NotFound("namespaces", "", ns);
        // Every create comes here; only the bytes of a namespace that may be ending are worth parsing.
        if (stored.Value.Span.IndexOf("deletionTimestamp"u8) < 0 || ObjectBytes.Decode(s_namespaces, stored)["metadata"].Text("deletionTimestamp").Length == 0)
            return default;
        var refusal = Refusal.Forbidden(resource.Plural, resource.Group, name, $"unable to create new content in namespace {ns} because it is being terminated");
        refusal.Details!["causes"] = new JsonArray(new JsonObject
        {
            ["reason"] = "NamespaceTerminating", ["message"] = $"namespace {ns} is being terminated", ["field"] = "metadata.namespace",
        });
        throw refusal;
    }
}
