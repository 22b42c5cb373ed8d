using Microsoft.AspNetCore.Http;
using Network.ApiServer.Authentication;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Http;

/// <summary>One request to a resource on its way through a handler.</summary>
internal sealed record ApiRequest(HttpContext Http, RequestTarget Target, UserInfo User, ResponseFormat Format)
{
    /// <summary>How to answer. Kinds that are defined while the server runs have no protobuf form.</summary>
    public ResponseFormat Format { get; init; } = Format.Protobuf && !Target.Resource.Protobuf ? ResponseFormat.From(Http.Request, false) : Format;

    public CancellationToken Cancel => Http.RequestAborted;

    public string Query(string name) => Http.Request.Query[name].ToString();

    public bool QueryFlag(string name) => Query(name) is "true" or "1" or "True" or "TRUE" or "t";

    public bool DryRun => Http.Request.Query["dryRun"].Contains("All");

    /// <summary>A warning kubectl prints. Headers are ASCII; the text may quote what the client sent.</summary>
    public void Warn(string text) => Http.Response.Headers.Append("Warning", $"299 - \"{string.Concat(text.Select(InHeader))}\"");

    private static string InHeader(char c) => c switch
    {
        '\\' or '"' => $"\\{c}",
        >= ' ' and < '\x7f' => c.ToString(),
        _ => $"\\\\u{(int)c:x4}",
    };

    public WriteContext Write() => new(Target.Resource, Target.Namespace, User)
    {
        Subresource = Target.Subresource, DryRun = DryRun, FieldManager = FieldManager(), Warn = Warn, Annotate = Auditing.AuditRecord.Of(Http) is { } record ? record.Annotate : null,
        Query = Query, Cancel = Cancel,
    };

    // Whoever does not say who owns the fields is known by its program's name.
    private string FieldManager()
    {
        var named = Query("fieldManager");
        if (named.Length > 0)
            return named;
        var agent = Http.Request.Headers.UserAgent.ToString();
        var end = agent.AsSpan().IndexOfAny('/', ' ');
        return end > 0 ? agent[..end] : agent.Length > 0 ? agent : "unknown";
    }
}
