namespace Network.Diagnosis.Findings;

public enum Severity
{
    /// <summary>Worth knowing; nothing fails for it.</summary>
    Note,

    /// <summary>Something is slower or will fail later.</summary>
    Warning,

    /// <summary>Packets do not arrive, or the wrong ones do.</summary>
    Error,
}

/// <summary>A kind of fault; its number never changes. Each has a page in labs/findings.</summary>
/// <param name="Id"><c>NET</c> and three digits.</param>
/// <param name="Component">The part that is responsible.</param>
public sealed record FindingKind(string Id, Severity Severity, string Component, string Title);

/// <summary>One fault: what differs from what should be, where, and what to do.</summary>
/// <param name="Where">The machine (or pod) that has it: <c>w2</c>, <c>pod/default/web</c>; <c>cluster</c> for all.</param>
/// <param name="Object">What it is about: a device, an API object, a file.</param>
/// <param name="Text">What is, and what should be, in one sentence.</param>
/// <param name="Fix">What to do.</param>
public sealed record Finding(FindingKind Kind, string Where, string Object, string Text, string Fix)
{
    /// <summary>
    /// Names that all must be on a packet's way for this to matter to it: machines, pods (<c>pod/ns/name</c>), services
    /// (<c>svc/ns/name</c>), parts (<c>scheduler</c>). Without any it always matters.
    /// </summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>Names of which one at least must be on the way as well; empty when that does not matter.</summary>
    public IReadOnlyList<string> NeedsOneOf { get; init; } = [];

    /// <summary>Whether it matters to a packet whose way has these names.</summary>
    public bool Concerns(IReadOnlySet<string> names) => Needs.All(names.Contains) && (NeedsOneOf.Count == 0 || NeedsOneOf.Any(names.Contains));

    /// <summary>The command that shows it.</summary>
    public string? Look { get; init; }

    public override string ToString() => $"{Kind.Id} {Where}: {Text}";
}
