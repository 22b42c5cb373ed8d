using System.Net;

namespace Network.Netlink.Netfilter;

/// <summary>One direction of a connection. Ports are 0 for protocols that have none.</summary>
/// <param name="Protocol">6 TCP, 17 UDP, 132 SCTP, 1 ICMP, 58 ICMPv6.</param>
public sealed record ConntrackTuple(IPAddress Source, IPAddress Destination, byte Protocol, ushort SourcePort, ushort DestinationPort)
{
    /// <summary>Identifier, type and code, of ICMP.</summary>
    internal (ushort Id, byte Type, byte Code) Icmp { get; init; }

    public override string ToString() => $"proto {Protocol} {Source}:{SourcePort} > {Destination}:{DestinationPort}";
}
