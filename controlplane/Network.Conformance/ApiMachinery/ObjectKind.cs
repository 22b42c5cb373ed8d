using Network.Conformance.Clients;

namespace Network.Conformance.ApiMachinery;

/// <summary>A kind with an example of it, for scenarios that do the same to every kind.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Manifest">Everything but metadata, as YAML; &lt;NS&gt; stands for the run's namespace, N for the number of the object.</param>
internal sealed record ObjectKind(Kind Kind, string Manifest)
{
    /// <summary>A merge patch of the object beside metadata; null when nothing else may change.</summary>
    public string? Mutation { get; init; }

    /// <summary>A merge patch of its status; null when it has none.</summary>
    public string? Status { get; init; }

    /// <summary>Name of object N; cluster objects get the namespace into theirs.</summary>
    public string NamePattern { get; init; } = "";
}
