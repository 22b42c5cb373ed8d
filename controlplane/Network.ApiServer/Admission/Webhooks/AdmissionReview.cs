using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>The question as webhooks get it (admission.k8s.io/v1 AdmissionReview). Pure.</summary>
internal static class AdmissionReview
{
    public const string ApiVersion = "admission.k8s.io/v1";
    public const string Kind = "AdmissionReview";

    public static JsonObject Of(Invocation invocation, AdmissionRequest request, string uid)
    {
        var (resource, subresource) = (request.Context.Resource, request.Context.Subresource);
        var question = new JsonObject
        {
            ["uid"] = uid, ["kind"] = KindOf(invocation.Resource, subresource), ["resource"] = ResourceOf(invocation.Resource),
            ["requestKind"] = KindOf(resource, subresource), ["requestResource"] = ResourceOf(resource),
        };
        Add(question, "subResource", subresource);
        Add(question, "requestSubResource", subresource);
        Add(question, "name", request.Name);
        Add(question, "namespace", WebhookMatcher.NamespaceOf(request));
        question["operation"] = WebhookMatcher.NameOf(request.Operation);
        question["userInfo"] = request.Context.User.ToJson();
        question["object"] = request.Operation == AdmissionOperation.Delete ? null : invocation.Shown(request.Value, request)?.DeepClone();
        question["oldObject"] = invocation.Shown(request.Old, request)?.DeepClone();
        question["dryRun"] = request.Context.DryRun;
        question["options"] = Options(request);
        return new JsonObject { ["kind"] = Kind, ["apiVersion"] = ApiVersion, ["request"] = question };
    }

    private static JsonObject KindOf(ResourceInfo resource, string subresource)
    {
        var (group, version, kind) = Invocation.KindOf(resource, subresource);
        return new() { ["group"] = group, ["version"] = version, ["kind"] = kind };
    }

    private static JsonObject ResourceOf(ResourceInfo resource) =>
        new() { ["group"] = resource.Group, ["version"] = resource.Version, ["resource"] = resource.Plural };

    // A patch is an update to whoever judges it.
    private static JsonObject? Options(AdmissionRequest request)
    {
        if (request.Operation == AdmissionOperation.Connect)
            return null;
        var options = new JsonObject { ["kind"] = $"{request.Operation}Options", ["apiVersion"] = "meta.k8s.io/v1" };
        if (request.Deletion is { } deletion)
            deletion.AddTo(options);
        if (request.Context.DryRun)
            options["dryRun"] = new JsonArray("All");
        if (request.Deletion is null && request.Context.Query is { } query)
        {
            Add(options, "fieldManager", query("fieldManager"));
            Add(options, "fieldValidation", query("fieldValidation"));
        }

        return options;
    }

    private static void Add(JsonObject into, string name, string text)
    {
        if (text.Length > 0)
            into[name] = text;
    }
}
