namespace Network.Capture;

/// <summary>What one source saw.</summary>
/// <param name="Packets">Packets handed on.</param>
/// <param name="Accepted">Packets the kernel's filter let through, the lost ones included.</param>
/// <param name="Lost">Packets the kernel dropped because nobody read them in time.</param>
/// <param name="Ended">Why the source ended before the capture did; null when it did not.</param>
public sealed record SourceReport(CaptureSource Source, long Packets, long Accepted, long Lost, string? Ended);

/// <summary>What a finished capture saw.</summary>
/// <param name="Late">Packets that came after a younger one had been handed on, so that the order is broken there.</param>
public sealed record CaptureReport(IReadOnlyList<SourceReport> Sources, DateTimeOffset Started, DateTimeOffset Ended, long Late)
{
    public long Packets => Sources.Sum(source => source.Packets);

    public long Lost => Sources.Sum(source => source.Lost);
}
