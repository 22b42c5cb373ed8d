using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

/// <summary>
/// Goes on when the set has the register's value. In a map the data goes to <paramref name="Register"/>; in a verdict map
/// (<paramref name="Decides"/>) it decides.
/// </summary>
public sealed record NftLookup(string Set, int Source, int? Register = null, bool Inverted = false, bool Decides = false) : NftExpression
{
    internal override string Name => "lookup";

    internal static NftLookup Parse(NftAttributes data)
    {
        var hasRegister = data.Has(NfExpressionsH.NFTA_LOOKUP_DREG);
        var decides = hasRegister && data.Number(NfExpressionsH.NFTA_LOOKUP_DREG) == NfTablesH.NFT_REG_VERDICT;
        return new NftLookup(data.Text(NfExpressionsH.NFTA_LOOKUP_SET), data.Register(NfExpressionsH.NFTA_LOOKUP_SREG),
            hasRegister && !decides ? data.Register(NfExpressionsH.NFTA_LOOKUP_DREG) : null,
            (data.Number(NfExpressionsH.NFTA_LOOKUP_FLAGS) & NfExpressionsH.NFT_LOOKUP_F_INV) != 0, decides);
    }

    internal override void Write(NetlinkWriter writer)
    {
        writer.Put(NfExpressionsH.NFTA_LOOKUP_SET, Set);
        writer.PutRegister(NfExpressionsH.NFTA_LOOKUP_SREG, Source);
        if (Decides)
            writer.PutBigEndian(NfExpressionsH.NFTA_LOOKUP_DREG, NfTablesH.NFT_REG_VERDICT);
        else
            writer.PutOptionalRegister(NfExpressionsH.NFTA_LOOKUP_DREG, Register);
        if (Inverted)
            writer.PutBigEndian(NfExpressionsH.NFTA_LOOKUP_FLAGS, NfExpressionsH.NFT_LOOKUP_F_INV);
    }
}
