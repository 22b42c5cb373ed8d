using System.Net;
using Network.Netlink.Interop;

namespace Network.Netlink;

/// <summary>An ARP or ND entry.</summary>
public sealed record Neighbour(int LinkIndex, IPAddress Address, MacAddress? Mac)
{
    /// <summary>NUD_* bits.</summary>
    public ushort State { get; init; } = NeighbourH.NUD_PERMANENT;

    public bool IsPermanent => (State & NeighbourH.NUD_PERMANENT) != 0;
}
