using Network.Api.Resources;
using Network.ApiServer.Authentication;

namespace Network.ApiServer.Registry;

/// <summary>Everything about a write except the object: what, where, who and how.</summary>
internal sealed record WriteContext(ResourceInfo Resource, string Namespace, UserInfo User)
{
    public string Subresource { get; init; } = "";

    public bool DryRun { get; init; }

    /// <summary>Owner of the fields this write sets, for managedFields.</summary>
    public string FieldManager { get; init; } = "unknown";

    /// <summary>True for server-side apply, which brings its own managedFields.</summary>
    public bool OwnManagedFields { get; init; }

    /// <summary>Tells the client something beside the answer (Warning header); null when nobody listens.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>Adds a note to the request's audit event; null when nobody keeps one.</summary>
    public Action<string, string>? Annotate { get; init; }

    public CancellationToken Cancel { get; init; }
}
