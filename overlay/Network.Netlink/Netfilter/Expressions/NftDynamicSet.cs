using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

public enum NftSetOperation : uint
{
    Add = NfExpressionsH.NFT_DYNSET_OP_ADD,
    Update = NfExpressionsH.NFT_DYNSET_OP_UPDATE,
    Delete = NfExpressionsH.NFT_DYNSET_OP_DELETE,
}

/// <summary>The packet changes a set: adds its key, renews its time to live, or removes it.</summary>
/// <param name="Data">Register of a map's data.</param>
/// <param name="Each">Evaluated for the element (a limit, a counter).</param>
public sealed record NftDynamicSet(string Set, NftSetOperation Operation, int Key, int? Data = null, TimeSpan Timeout = default, NftExpression? Each = null)
    : NftExpression
{
    internal override string Name => "dynset";

    internal static NftDynamicSet Parse(NftAttributes data) => new(data.Text(NfExpressionsH.NFTA_DYNSET_SET_NAME), (NftSetOperation)data.Number(NfExpressionsH.NFTA_DYNSET_OP),
        data.Register(NfExpressionsH.NFTA_DYNSET_SREG_KEY), data.Has(NfExpressionsH.NFTA_DYNSET_SREG_DATA) ? data.Register(NfExpressionsH.NFTA_DYNSET_SREG_DATA) : null,
        data.Milliseconds(NfExpressionsH.NFTA_DYNSET_TIMEOUT),
        data.TryFind(NfExpressionsH.NFTA_DYNSET_EXPR, out var each) ? NftExpressionCodec.Parse(each.Nested) : null);

    internal override void Write(NetlinkWriter writer)
    {
        writer.Put(NfExpressionsH.NFTA_DYNSET_SET_NAME, Set);
        writer.PutBigEndian(NfExpressionsH.NFTA_DYNSET_OP, (uint)Operation);
        writer.PutRegister(NfExpressionsH.NFTA_DYNSET_SREG_KEY, Key);
        writer.PutOptionalRegister(NfExpressionsH.NFTA_DYNSET_SREG_DATA, Data);
        writer.PutMilliseconds(NfExpressionsH.NFTA_DYNSET_TIMEOUT, Timeout);
        if (Each is not null)
            NftExpressionCodec.Write(writer, NfExpressionsH.NFTA_DYNSET_EXPR, Each);
    }
}
