using Network.Api.Resources;
using Network.ApiServer.CustomResources;

namespace Network.ApiServer.Http;

/// <summary>What a URL under /api or /apis names.</summary>
internal sealed record RequestTarget(ResourceInfo Resource, string Namespace, string Name, string Subresource)
{
    /// <summary>Path behind the subresource, for proxies.</summary>
    public string Rest { get; init; } = "";

    /// <summary>The old /watch/ form of the path.</summary>
    public bool LegacyWatch { get; init; }

    /// <summary>Null when the path names nothing this server has. The path starts behind /api/v1 or /apis/group/version.</summary>
    public static RequestTarget? Parse(ServedResources served, string group, string version, ReadOnlySpan<string> steps)
    {
        var watch = steps.Length > 0 && steps[0] == "watch";
        if (watch)
            steps = steps[1..];
        if (steps.Length == 0)
            return null;
        var ns = "";
        // /namespaces/x/pods is inside a namespace; /namespaces/x/status is about it.
        if (steps[0] == "namespaces" && steps.Length > 2 && served.Find(group, version, steps[2]) is { Namespaced: true })
        {
            ns = steps[1];
            steps = steps[2..];
        }

        if (served.Find(group, version, steps[0]) is not { } resource)
            return null;
        return new RequestTarget(resource, ns, steps.Length > 1 ? steps[1] : "", steps.Length > 2 ? steps[2] : "")
        {
            Rest = steps.Length > 3 ? string.Join('/', steps[3..].ToArray()) : "",
            LegacyWatch = watch,
        };
    }
}
