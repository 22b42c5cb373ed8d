using System.Net;
using System.Net.Sockets;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;

namespace Network.Diagnosis.Explain;

/// <summary>Can this one reach that one?</summary>
/// <param name="From">Who sends.</param>
/// <param name="Aims">The addresses to try: of a service first, then of each of its endpoints.</param>
public sealed record Question(Origin From, IReadOnlyList<Aim> Aims)
{
    public ServiceFacts? Service { get; init; }

    /// <summary>What was asked for, as it was written.</summary>
    public required string Text { get; init; }

    /// <summary>Pods that matter although no packet can be sent to them: they have no address.</summary>
    public IReadOnlyList<PodFacts> Absent { get; init; } = [];

    /// <summary>How the name came to its address; null when no name was asked for.</summary>
    public NameStep? Name { get; init; }
}

/// <summary>One address to try.</summary>
/// <param name="Target">Port 0 for ICMP.</param>
/// <param name="IsService">An address that rules rewrite.</param>
public sealed record Aim(IPEndPoint Target, ProtocolType Protocol, string Label, bool IsService = false);

/// <summary>What a resolver made of a name.</summary>
/// <param name="Name">As a program would write it.</param>
/// <param name="Server">Who was asked.</param>
/// <param name="Text">Name, answer, and how many questions that took.</param>
/// <param name="Fault">What is wrong with it; null when nothing is.</param>
public sealed record NameStep(string Name, IPAddress? Server, IReadOnlyList<IPAddress> Addresses, string Text, TimeSpan Took, Finding? Fault);
