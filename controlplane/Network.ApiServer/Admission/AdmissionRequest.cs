using System.Text.Json.Nodes;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>One write on its way to the store. <see cref="Old"/> is null for a create, and both are the same object for a delete.</summary>
internal sealed record AdmissionRequest(WriteContext Context, AdmissionOperation Operation, JsonObject Value, JsonObject? Old)
{
    public string Name => TargetName.Length > 0 ? TargetName
        : Value["metadata"] is JsonObject metadata && metadata["name"]?.ToString() is { } name ? name : "";

    /// <summary>Name in the URL where the value has none of its own: what is evicted, bound or connected to.</summary>
    public string TargetName { get; init; } = "";

    /// <summary>How to delete; null for everything else.</summary>
    public DeleteOptions? Deletion { get; init; }

    /// <summary>A webhook changed the value, so what was completed and checked before has to be looked at again.</summary>
    public bool Changed { get; set; }

    /// <summary>True for writes of this resource itself; a subresource is named behind a slash.</summary>
    public bool IsFor(string resource, string group = "") => Context.Resource.Group == group
        && resource == (Context.Subresource.Length == 0 ? Context.Resource.Plural : $"{Context.Resource.Plural}/{Context.Subresource}");
}
