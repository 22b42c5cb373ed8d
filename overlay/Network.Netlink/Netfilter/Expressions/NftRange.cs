using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

/// <summary>Goes on when the register lies within both ends, or outside when inverted.</summary>
public sealed record NftRange(int Register, NftValue From, NftValue To, bool Inverted = false) : NftExpression
{
    internal override string Name => "range";

    internal static NftRange Parse(NftAttributes data) => new(data.Register(NfExpressionsH.NFTA_RANGE_SREG), data.Value(NfExpressionsH.NFTA_RANGE_FROM_DATA),
        data.Value(NfExpressionsH.NFTA_RANGE_TO_DATA), data.Number(NfExpressionsH.NFTA_RANGE_OP) != 0);

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutRegister(NfExpressionsH.NFTA_RANGE_SREG, Register);
        writer.PutBigEndian(NfExpressionsH.NFTA_RANGE_OP, Inverted ? 1u : 0u);
        writer.PutData(NfExpressionsH.NFTA_RANGE_FROM_DATA, From);
        writer.PutData(NfExpressionsH.NFTA_RANGE_TO_DATA, To);
    }
}
