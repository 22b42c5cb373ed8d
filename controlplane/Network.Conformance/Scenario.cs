using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance;

/// <summary>
/// One row of the table: what a real client does to a cluster and sees there. It runs once for each client it applies to, each
/// time in a namespace of its own.
/// </summary>
public sealed record Scenario(string Sig, string Name, Func<ScenarioRun, Task> Body)
{
    public ClientKind Clients { get; init; } = ClientKind.All;

    /// <summary>Older kubectls have no word for it.</summary>
    public KubectlVersion OldestKubectl { get; init; }

    /// <summary>Pods must run for it.</summary>
    public bool NeedsNode { get; init; }

    /// <summary>Its callers sit in network namespaces of a lab (<c>podnet up</c>).</summary>
    public bool NeedsLab { get; init; }

    /// <summary>Nothing else may run at the same time, because it changes what all clients see.</summary>
    public bool Alone { get; init; }

    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Why the cluster is known not to pass. The scenario runs all the same: one that passes although it is said to be missing
    /// fails, so that the word cannot outlive the fact.
    /// </summary>
    public string? Missing { get; init; }

    public bool AppliesTo(IClusterClient client) =>
        (Clients & client.Kind) != 0 && (client is not KubectlClient kubectl || kubectl.Version >= OldestKubectl);
}
