using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

public enum NftConntrackKey : uint
{
    State = NfExpressionsH.NFT_CT_STATE,
    Direction = NfExpressionsH.NFT_CT_DIRECTION,
    Status = NfExpressionsH.NFT_CT_STATUS,
    Mark = NfExpressionsH.NFT_CT_MARK,
    Protocol = NfExpressionsH.NFT_CT_PROTOCOL,
    SourcePort = NfExpressionsH.NFT_CT_PROTO_SRC,
    DestinationPort = NfExpressionsH.NFT_CT_PROTO_DST,
    Zone = NfExpressionsH.NFT_CT_ZONE,
    SourceIp = NfExpressionsH.NFT_CT_SRC_IP,
    DestinationIp = NfExpressionsH.NFT_CT_DST_IP,
    SourceIp6 = NfExpressionsH.NFT_CT_SRC_IP6,
    DestinationIp6 = NfExpressionsH.NFT_CT_DST_IP6,
}

/// <summary>Of the packet's connection: into a register, or from one (<see cref="Sets"/>).</summary>
/// <param name="Direction">0 original, 1 reply; for addresses and ports.</param>
public sealed record NftConntrack(NftConntrackKey Key, int Register, bool Sets = false, byte? Direction = null) : NftExpression
{
    /// <summary>Bits of <see cref="NftConntrackKey.State"/>, as the kernel counts them.</summary>
    public const uint Invalid = 1, Established = 2, Related = 4, New = 8, Untracked = 64;

    internal override string Name => "ct";

    internal static NftConntrack Parse(NftAttributes data)
    {
        var sets = data.Has(NfExpressionsH.NFTA_CT_SREG);
        return new NftConntrack((NftConntrackKey)data.Number(NfExpressionsH.NFTA_CT_KEY),
            data.Register(sets ? NfExpressionsH.NFTA_CT_SREG : NfExpressionsH.NFTA_CT_DREG), sets,
            data.Has(NfExpressionsH.NFTA_CT_DIRECTION) ? data.Byte(NfExpressionsH.NFTA_CT_DIRECTION) : null);
    }

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutBigEndian(NfExpressionsH.NFTA_CT_KEY, (uint)Key);
        writer.PutRegister(Sets ? NfExpressionsH.NFTA_CT_SREG : NfExpressionsH.NFTA_CT_DREG, Register);
        if (Direction is { } direction)
            writer.Put(NfExpressionsH.NFTA_CT_DIRECTION, direction);
    }
}
