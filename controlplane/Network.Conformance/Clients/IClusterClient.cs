using System.Text.Json.Nodes;

namespace Network.Conformance.Clients;

/// <summary>
/// What scenarios ask of any client: the verbs of REST, each carried out the way that client does it. A refusal of the server is
/// an <see cref="ApiRefusal"/>. A null namespace means objects of the cluster, or for lists and watches all namespaces.
/// </summary>
public interface IClusterClient
{
    ClientKind Kind { get; }

    /// <summary>The name in reports: <c>kubectl 1.32</c>.</summary>
    string Name { get; }

    /// <summary>What was asked last, for messages about failures.</summary>
    string LastCommand { get; }

    Task<JsonObject> CreateAsync(Kind kind, string? ns, JsonObject obj, CancellationToken cancel);

    Task<JsonObject> GetAsync(Kind kind, string? ns, string name, string? subresource, CancellationToken cancel);

    Task<JsonObject> ListAsync(Kind kind, string? ns, Selection selection, CancellationToken cancel);

    Task<JsonObject> ReplaceAsync(Kind kind, string? ns, JsonObject obj, string? subresource, CancellationToken cancel);

    Task<JsonObject> PatchAsync(Kind kind, string? ns, string name, Change change, CancellationToken cancel);

    Task DeleteAsync(Kind kind, string? ns, string name, Removal removal, CancellationToken cancel);

    /// <summary>Removes every object the selection matches.</summary>
    Task DeleteCollectionAsync(Kind kind, string? ns, Selection selection, CancellationToken cancel);

    /// <summary>Starts following changes; null resourceVersion starts with what there is.</summary>
    Task<IWatch> WatchAsync(Kind kind, string? ns, Selection selection, CancellationToken cancel);

    /// <summary>GET of any path.</summary>
    Task<string> GetRawAsync(string path, CancellationToken cancel);
}

/// <summary>Events of one watch, in the server's order.</summary>
public interface IWatch : IAsyncDisposable
{
    /// <summary>The next event; waits for it. Null when the server ended the watch.</summary>
    Task<WatchedChange?> NextAsync(CancellationToken cancel);
}

/// <summary>One event of a watch: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</summary>
public sealed record WatchedChange(string Type, JsonObject Object);

/// <summary>Families of clients, as scenarios choose them.</summary>
[Flags]
public enum ClientKind
{
    Kubectl = 1,
    CSharp = 2,
    All = Kubectl | CSharp,
}

/// <summary>Which objects of a collection.</summary>
public sealed record Selection
{
    public static readonly Selection Everything = new();

    public string? Labels { get; init; }

    public string? Fields { get; init; }

    public int? Limit { get; init; }

    public string? Continue { get; init; }

    public string? ResourceVersion { get; init; }

    /// <summary>As a query, with the question mark; empty when everything is meant.</summary>
    public string Query(params (string, string)[] more)
    {
        (string Name, string? Value)[] given =
        [
            ("labelSelector", Labels), ("fieldSelector", Fields), ("limit", Limit?.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("continue", Continue), ("resourceVersion", ResourceVersion), .. more.Select(pair => (pair.Item1, (string?)pair.Item2)),
        ];
        var query = string.Join('&', given.Where(pair => pair.Value is not null).Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value!)}"));
        return query.Length == 0 ? "" : $"?{query}";
    }
}

/// <summary>A patch: <c>json</c>, <c>merge</c> or <c>strategic</c>, as kubectl's <c>--type</c> names them.</summary>
public sealed record Change(string Type, string Body, string? Subresource = null);

/// <summary>How to delete: propagation Background, Foreground or Orphan; null leaves it to the server.</summary>
public sealed record Removal(string? Propagation = null, int? GraceSeconds = null);
