namespace Network.Conformance.Clients;

/// <summary>
/// A kind as clients know it from discovery. Kept apart from the server's own catalog: what is measured must not be the measure.
/// </summary>
public sealed record Kind(string Group, string Version, string Plural, string Name, bool Namespaced = true)
{
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>How kubectl is told exactly this version: <c>leases.v1.coordination.k8s.io</c>.</summary>
    public string Argument => Group.Length == 0 ? Plural : $"{Plural}.{Version}.{Group}";

    /// <summary>The path of the collection, of an object, or of an object's subresource.</summary>
    public string Path(string? ns, string? name = null, string? subresource = null)
    {
        var root = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";
        var collection = Namespaced && ns is not null ? $"{root}/namespaces/{ns}/{Plural}" : $"{root}/{Plural}";
        return string.Join('/', new[] { collection, name, subresource }.OfType<string>());
    }
}
