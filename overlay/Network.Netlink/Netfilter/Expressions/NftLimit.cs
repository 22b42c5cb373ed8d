using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

/// <summary>Goes on while packets (or bytes) stay below a rate; above it when inverted.</summary>
/// <param name="Unit">The time the rate is for, whole seconds.</param>
public sealed record NftLimit(ulong Rate, TimeSpan Unit, uint Burst, bool Inverted = false, bool Bytes = false) : NftExpression
{
    internal override string Name => "limit";

    internal static NftLimit Parse(NftAttributes data) => new(data.Long(NfExpressionsH.NFTA_LIMIT_RATE),
        TimeSpan.FromSeconds(Math.Min(data.Long(NfExpressionsH.NFTA_LIMIT_UNIT), uint.MaxValue)), data.Number(NfExpressionsH.NFTA_LIMIT_BURST),
        (data.Number(NfExpressionsH.NFTA_LIMIT_FLAGS) & NfExpressionsH.NFT_LIMIT_F_INV) != 0, data.Number(NfExpressionsH.NFTA_LIMIT_TYPE) == NfExpressionsH.NFT_LIMIT_PKT_BYTES);

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutBigEndian(NfExpressionsH.NFTA_LIMIT_RATE, Rate);
        writer.PutBigEndian(NfExpressionsH.NFTA_LIMIT_UNIT, (ulong)Unit.TotalSeconds);
        writer.PutBigEndian(NfExpressionsH.NFTA_LIMIT_BURST, Burst);
        writer.PutBigEndian(NfExpressionsH.NFTA_LIMIT_TYPE, Bytes ? NfExpressionsH.NFT_LIMIT_PKT_BYTES : NfExpressionsH.NFT_LIMIT_PKTS);
        writer.PutBigEndian(NfExpressionsH.NFTA_LIMIT_FLAGS, Inverted ? NfExpressionsH.NFT_LIMIT_F_INV : 0);
    }
}
