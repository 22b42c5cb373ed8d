using Network.ApiServer.Authentication;

namespace Network.ApiServer.Authorization;

/// <summary>What somebody wants to do, in RBAC's terms. A non-resource request has a path instead of a resource.</summary>
internal sealed record AccessRequest(string Verb)
{
    public string Group { get; init; } = "";

    public string Version { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>The node that a list or watch of pods limits itself to (field spec.nodeName).</summary>
    public string OnlyNode { get; init; } = "";

    /// <summary>Set for non-resource requests.</summary>
    public string Path { get; init; } = "";

    /// <summary>Lasts as long as the client wants: no latency, no place among the requests in flight.</summary>
    public bool IsLongRunning => Verb == "watch" || Subresource is "exec" or "attach" or "portforward" or "proxy" or "log";

    public string FullResource => Subresource.Length > 0 ? $"{Resource}/{Subresource}" : Resource;

    /// <summary>The refusal in upstream's words (apiserver endpoints/handlers/responsewriters).</summary>
    public string Refused(UserInfo user, string? reason)
    {
        var where = Namespace.Length > 0 ? $"in the namespace \"{Namespace}\"" : "at the cluster scope";
        var text = $"User \"{user.Name}\" cannot {Verb} resource \"{FullResource}\" in API group \"{Group}\" {where}";
        return reason is { Length: > 0 } ? $"{text}: {reason}" : text;
    }
}
