namespace Network.Api.Resources;

/// <summary>Where a kind keeps what its scale subresource shows; dotted paths below the object.</summary>
/// <param name="Selector">A path to a selector in its text form; empty where the kind has spec.selector as an object.</param>
public sealed record ScalePaths(string Replicas, string Observed, string Selector)
{
    public static ScalePaths BuiltIn { get; } = new("spec.replicas", "status.replicas", "");
}
