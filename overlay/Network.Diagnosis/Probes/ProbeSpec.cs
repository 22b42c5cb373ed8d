using System.Net;
using System.Net.Sockets;

namespace Network.Diagnosis.Probes;

/// <summary>What to send, from where.</summary>
/// <param name="NetNs">The namespace that sends.</param>
/// <param name="Target">Port 0 for ICMP.</param>
/// <param name="Protocol">TCP (a connection that is closed at once), UDP (one datagram), ICMP (an echo request; ICMPv6 by the target's family).</param>
public sealed record ProbeSpec(string NetNs, IPEndPoint Target, ProtocolType Protocol)
{
    /// <summary>What marks the datagram or echo request among all others.</summary>
    public ulong Cookie { get; init; } = (ulong)Random.Shared.NextInt64(1, long.MaxValue);

    /// <summary>Bytes of the whole IP packet, for ICMP and UDP; 0 for a small one. Larger ones may not be fragmented.</summary>
    public int Size { get; init; }

    public TimeSpan Timeout { get; init; } = TimeSpan.FromMilliseconds(900);

    public override string ToString() => $"{Protocol.ToString().ToLowerInvariant()} {(Target.Port > 0 ? Target.ToString() : Target.Address.ToString())}";
}
