using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

public enum NftRejectType : uint
{
    Icmp = NfExpressionsH.NFT_REJECT_ICMP_UNREACH,
    TcpReset = NfExpressionsH.NFT_REJECT_TCP_RST,

    /// <summary>ICMP or ICMPv6, whichever the packet is.</summary>
    IcmpAny = NfExpressionsH.NFT_REJECT_ICMPX_UNREACH,
}

/// <summary>Ends the packet and tells its sender.</summary>
/// <param name="Code">Of the ICMP message: 3 is port unreachable in IPv4, 4 in IPv6, 1 in <see cref="NftRejectType.IcmpAny"/>.</param>
public sealed record NftReject(NftRejectType Type, byte Code) : NftExpression
{
    internal override string Name => "reject";

    public static NftReject PortUnreachable(NftFamily family) => new(NftRejectType.Icmp, family == NftFamily.Ip6 ? (byte)4 : (byte)3);

    internal static NftReject Parse(NftAttributes data) =>
        new((NftRejectType)data.Number(NfExpressionsH.NFTA_REJECT_TYPE), data.Byte(NfExpressionsH.NFTA_REJECT_ICMP_CODE));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutBigEndian(NfExpressionsH.NFTA_REJECT_TYPE, (uint)Type);
        if (Type != NftRejectType.TcpReset)
            writer.Put(NfExpressionsH.NFTA_REJECT_ICMP_CODE, Code);
    }
}

/// <summary>The packet's connection is not tracked; in chains before conntrack (priority below -200).</summary>
public sealed record NftNoTrack : NftExpression
{
    internal override string Name => "notrack";

    internal override void Write(NetlinkWriter writer)
    {
    }
}
