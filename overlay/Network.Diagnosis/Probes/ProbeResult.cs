using System.Net;

namespace Network.Diagnosis.Probes;

public enum ProbeOutcome
{
    /// <summary>The other end answered.</summary>
    Answered,

    /// <summary>Somebody refused: a reset, or an ICMP message that says so.</summary>
    Refused,

    /// <summary>Somebody told that there is no way.</summary>
    Unreachable,

    /// <summary>The sender's own kernel knows a smaller MTU of the path and told so.</summary>
    TooLarge,

    /// <summary>Nothing came.</summary>
    Silent,
}

/// <summary>What became of a probe.</summary>
/// <param name="Source">The address and port it was sent from (an ICMP identifier stands for the port).</param>
/// <param name="Text">What the kernel said; empty when it said nothing.</param>
public sealed record ProbeResult(ProbeSpec Probe, ProbeOutcome Outcome, IPEndPoint Source, TimeSpan Took, string Text);
