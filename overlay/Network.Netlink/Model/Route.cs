using System.Net;
using Network.Netlink.Interop;

namespace Network.Netlink;

/// <summary>One of a route's equal ways.</summary>
public readonly record struct NextHop(IPAddress? Gateway, int LinkIndex);

/// <summary>A routing table entry.</summary>
public sealed record Route(IPNetwork Destination)
{
    public static IPNetwork DefaultV4 { get; } = new(IPAddress.Any, 0);

    public static IPNetwork DefaultV6 { get; } = new(IPAddress.IPv6Any, 0);

    public IPAddress? Gateway { get; init; }

    public int LinkIndex { get; init; }

    /// <summary>Where there are several equal ways (RTA_MULTIPATH): all of them, and neither gateway nor link. Read, never written.</summary>
    public IReadOnlyList<NextHop> NextHops { get; init; } = [];

    /// <summary>The gateway is reachable on the link although no connected route says so (RTNH_F_ONLINK).</summary>
    public bool Onlink { get; init; }

    /// <summary>Who made it (rtm_protocol); own numbers let a daemon recognise its own routes.</summary>
    public byte Protocol { get; init; } = RtnetlinkH.RTPROT_STATIC;

    public byte Scope { get; init; }

    public byte Type { get; init; } = RtnetlinkH.RTN_UNICAST;

    /// <summary>It leads somewhere: not unreachable, blackhole or prohibit, which are routes as well.</summary>
    public bool IsUnicast => Type == RtnetlinkH.RTN_UNICAST;

    public uint Table { get; init; } = RtnetlinkH.RT_TABLE_MAIN;

    /// <summary>0 for the highest preference.</summary>
    public uint Priority { get; init; }

    /// <summary>0 leaves the device's MTU in force.</summary>
    public uint Mtu { get; init; }

    /// <summary>0 derives the advertised segment size from the MTU.</summary>
    public uint AdvertisedMss { get; init; }

    public IPAddress? PreferredSource { get; init; }

    public override string ToString() => $"{Destination}{(Gateway is null ? "" : $" via {Gateway}")}";
}
