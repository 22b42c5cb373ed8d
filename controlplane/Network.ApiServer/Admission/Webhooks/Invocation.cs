using System.Text.Json.Nodes;
using Network.Api.Resources;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>A webhook that wants to see a request, and as which resource: an equivalent of the requested one when its rules name only that.</summary>
internal sealed record Invocation(Webhook Hook, ResourceInfo Resource)
{
    /// <summary>The group, version and kind of what is sent to a subresource; of the object itself when it has no kind of its own.</summary>
    public static (string Group, string Version, string Kind) KindOf(ResourceInfo resource, string subresource) =>
        resource.Subresource(subresource) is not { } known || known.Kind == resource.Kind ? (resource.Group, resource.Version, resource.Kind)
        : known.Version.Length > 0 ? (known.Group, known.Version, known.Kind)
        : ("", "v1", known.Kind);

    /// <summary>The body is the object itself, which has a form in each of its versions.</summary>
    public static bool ShowsObject(ResourceInfo resource, string subresource) => resource.Subresource(subresource) is not { } known || known.Kind == resource.Kind;

    /// <summary>The value as this webhook wants it.</summary>
    public JsonObject? Shown(JsonObject? value, AdmissionRequest request) => value is null || !ShowsObject(request.Context.Resource, request.Context.Subresource)
        ? value : EquivalentResources.Convert(value, request.Context.Resource, Resource);
}
