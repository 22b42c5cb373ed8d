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

    /// <summary>Reads the request's query, for the options that webhooks are shown; null for the server's own writes.</summary>
    public Func<string, string>? Query { get; init; }

    /// <summary>Webhooks have seen what the client sent in its own form (a scale, an eviction); they are not asked about the write that follows from it.</summary>
    public bool Reviewed { get; init; }

    public CancellationToken Cancel { get; init; }
}
