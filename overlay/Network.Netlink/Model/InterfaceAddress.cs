using System.Net;

namespace Network.Netlink;

/// <summary>An address on a device.</summary>
public sealed record InterfaceAddress(int LinkIndex, IPAddress Address, int PrefixLength)
{
    public byte Scope { get; init; }

    /// <summary>IFA_F_* bits.</summary>
    public uint Flags { get; init; }

    public bool IsTentative => (Flags & Interop.IfAddrH.IFA_F_TENTATIVE) != 0;

    /// <summary>Another machine of the segment has it (RFC 4862 section 5.4.5).</summary>
    public bool IsDuplicate => (Flags & Interop.IfAddrH.IFA_F_DADFAILED) != 0;

    /// <summary>A privacy address that changes by itself (RFC 8981).</summary>
    public bool IsTemporary => Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && (Flags & Interop.IfAddrH.IFA_F_TEMPORARY) != 0;

    /// <summary>To be used no more for new connections.</summary>
    public bool IsDeprecated => (Flags & Interop.IfAddrH.IFA_F_DEPRECATED) != 0;

    /// <summary>Configured, not from a lease or router advertisement that may end.</summary>
    public bool IsPermanent => (Flags & Interop.IfAddrH.IFA_F_PERMANENT) != 0;

    public override string ToString() => $"{Address}/{PrefixLength}";
}
