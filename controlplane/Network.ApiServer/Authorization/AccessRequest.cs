namespace Network.ApiServer.Authorization;

/// <summary>What somebody wants to do, in RBAC's terms. A non-resource request has a path instead of a resource.</summary>
internal sealed record AccessRequest(string Verb)
{
    public string Group { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>Set for non-resource requests.</summary>
    public string Path { get; init; } = "";

    public string FullResource => Subresource.Length > 0 ? $"{Resource}/{Subresource}" : Resource;
}
