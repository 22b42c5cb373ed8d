using System.Net;
using Network.Netlink.Interop;

namespace Network.Netlink;

/// <summary>A forwarding database entry of a VXLAN device (self) or of a bridge (master).</summary>
/// <param name="Remote">VXLAN: the VTEP behind which the address lives.</param>
public sealed record FdbEntry(int LinkIndex, MacAddress Mac, IPAddress? Remote)
{
    public ushort State { get; init; } = NeighbourH.NUD_PERMANENT;

    public byte Flags { get; init; } = NeighbourH.NTF_SELF;

    public bool IsSelf => (Flags & NeighbourH.NTF_SELF) != 0;
}
