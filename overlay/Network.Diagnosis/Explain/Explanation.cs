using Network.Diagnosis.Findings;

namespace Network.Diagnosis.Explain;

public enum StepState
{
    Good,
    Bad,

    /// <summary>Not reached, or not looked at.</summary>
    Unknown,
}

/// <summary>One layer of the way.</summary>
/// <param name="Layer">DNS, proxy, route, tunnel, wire, pod, reply.</param>
/// <param name="Where">The machine or pod.</param>
/// <param name="Text">What was expected and seen.</param>
public sealed record Step(string Layer, string Where, string Text, StepState State);

/// <summary>What one probe met.</summary>
/// <param name="Aim">What it was for.</param>
/// <param name="Outcome">What came of it, in words.</param>
/// <param name="Reached">Whether the other end answered, or (a datagram) took it.</param>
/// <param name="Hops">Devices of probe and answer in order, each with the time since the first.</param>
public sealed record Trial(Aim Aim, string Outcome, bool Reached, IReadOnlyList<Step> Steps, IReadOnlyList<Hop> Hops);

/// <summary>A packet at a device.</summary>
/// <param name="After">Since the probe left.</param>
public sealed record Hop(TimeSpan After, Sighting Seen);

/// <summary>The whole answer.</summary>
/// <param name="Findings">What is wrong on the way, worst first; what is wrong elsewhere is not here.</param>
/// <param name="Used">Sources that were asked.</param>
/// <param name="Missing">Sources that could not be, with the reason.</param>
public sealed record Explanation(Question Question, IReadOnlyList<Trial> Trials, IReadOnlyList<Finding> Findings, IReadOnlyList<string> Used, IReadOnlyList<string> Missing)
{
    /// <summary>No fault, and every address answered.</summary>
    public bool Healthy => Findings.All(finding => finding.Kind.Severity != Severity.Error) && Trials.All(trial => trial.Reached);
}
