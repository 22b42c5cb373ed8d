using Network.ServiceProxy.Walk;

namespace Network.ServiceProxy.Explain;

/// <summary>One address of a service, and what the rules in the kernel do with a packet to it.</summary>
/// <param name="Kind">What the address is: cluster IP, node port, ...</param>
/// <param name="Outcome">All that can become of the packet.</param>
/// <param name="Steps">The rules that one such packet takes, in order.</param>
/// <param name="Connections">Connections that came to the address since it was programmed; null where nobody counts.</param>
public sealed record FrontExplanation(string Kind, Packet Packet, Outcome Outcome, IReadOnlyList<string> Steps, ulong? Connections);
