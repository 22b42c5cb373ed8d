using System.Text.Json.Nodes;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>One write on its way to the store. <see cref="Old"/> is null for a create.</summary>
internal sealed record AdmissionRequest(WriteContext Context, AdmissionOperation Operation, JsonObject Value, JsonObject? Old)
{
    public string Name => Value["metadata"] is JsonObject metadata && metadata["name"]?.ToString() is { } name ? name : "";

    /// <summary>True for writes of this resource itself; a subresource is named behind a slash.</summary>
    public bool IsFor(string resource, string group = "") => Context.Resource.Group == group
        && resource == (Context.Subresource.Length == 0 ? Context.Resource.Plural : $"{Context.Resource.Plural}/{Context.Subresource}");
}

/// <summary>Looks at a write after defaulting: may complete the object, or refuse by throwing.</summary>
internal interface IAdmission
{
    ValueTask AdmitAsync(AdmissionRequest request);
}

/// <summary>The plugins in the order they run.</summary>
internal sealed class AdmissionChain(IReadOnlyList<IAdmission> plugins)
{
    public async ValueTask AdmitAsync(AdmissionRequest request)
    {
        foreach (var plugin in plugins)
            await plugin.AdmitAsync(request);
    }
}
