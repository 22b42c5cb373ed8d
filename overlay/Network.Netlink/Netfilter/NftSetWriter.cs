using Network.Netlink.Interop;
using Network.Netlink.Netfilter.Expressions;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter;

/// <summary>Sets and their elements as attributes.</summary>
internal static class NftSetWriter
{
    internal static void Write(NftBatch batch, NetlinkWriter message, NftSet set)
    {
        message.Put(NfTablesH.NFTA_SET_TABLE, set.Table);
        message.Put(NfTablesH.NFTA_SET_NAME, set.Name);
        message.PutBigEndian(NfTablesH.NFTA_SET_FLAGS, FlagsOf(set));
        message.PutBigEndian(NfTablesH.NFTA_SET_KEY_TYPE, NftTypes.Concat([.. set.Key]));
        message.PutBigEndian(NfTablesH.NFTA_SET_KEY_LEN, (uint)NftSet.LengthOf(set.Key));
        if (set.IsMap)
        {
            var verdicts = set.Data[0] == NftTypes.Verdict;
            message.PutBigEndian(NfTablesH.NFTA_SET_DATA_TYPE, verdicts ? NfTablesH.NFT_DATA_VERDICT : NftTypes.Concat([.. set.Data]));
            if (!verdicts)
                message.PutBigEndian(NfTablesH.NFTA_SET_DATA_LEN, (uint)NftSet.LengthOf(set.Data));
        }

        WriteDescription(message, set);
        message.PutBigEndian(NfTablesH.NFTA_SET_ID, (uint)batch.Count);
        message.PutMilliseconds(NfTablesH.NFTA_SET_TIMEOUT, set.Timeout);
        Span<byte> data = stackalloc byte[NftUserData.MostSetBytes];
        message.Put(NfTablesH.NFTA_SET_USERDATA, data[..NftUserData.Write(set, data)]);
        if (set.Counter)
            NftExpressionCodec.Write(message, NfTablesH.NFTA_SET_EXPR, new NftCounter());
        message.Dispose();
    }

    internal static void Write(NetlinkWriter message, NftElement element, bool withData)
    {
        using (message.Nest(NfTablesH.NFTA_LIST_ELEM))
        {
            message.PutData(NfTablesH.NFTA_SET_ELEM_KEY, element.Key);
            if (element.KeyEnd.Length > 0)
                message.PutData(NfTablesH.NFTA_SET_ELEM_KEY_END, element.KeyEnd);
            if (element.EndsInterval)
                message.PutBigEndian(NfTablesH.NFTA_SET_ELEM_FLAGS, NfTablesH.NFT_SET_ELEM_INTERVAL_END);
            if (!withData)
                return;
            if (element.Verdict is { } verdict)
                message.PutVerdict(NfTablesH.NFTA_SET_ELEM_DATA, verdict);
            else if (element.Data.Length > 0)
                message.PutData(NfTablesH.NFTA_SET_ELEM_DATA, element.Data);
            message.PutMilliseconds(NfTablesH.NFTA_SET_ELEM_TIMEOUT, element.Timeout);
            message.PutMilliseconds(NfTablesH.NFTA_SET_ELEM_EXPIRATION, element.Expires);
            message.PutComment(NfTablesH.NFTA_SET_ELEM_USERDATA, element.Comment);
        }
    }

    private static uint FlagsOf(NftSet set) =>
        (set.Interval ? NfTablesH.NFT_SET_INTERVAL : 0)
        | (set.IsMap ? NfTablesH.NFT_SET_MAP : 0)
        | (set.HasTimeout ? NfTablesH.NFT_SET_TIMEOUT : 0)
        | (set.Dynamic ? NfTablesH.NFT_SET_EVAL : 0)
        | (set.Interval && set.Key.Count > 1 ? NfTablesH.NFT_SET_CONCAT : 0)
        | (set.Counter ? NfTablesH.NFT_SET_EXPR : 0);

    // Ranges of concatenations need to know where each field ends.
    private static void WriteDescription(NetlinkWriter message, NftSet set)
    {
        var fields = set.Interval && set.Key.Count > 1;
        if (set.Size == 0 && !fields)
            return;
        using (message.Nest(NfTablesH.NFTA_SET_DESC))
        {
            if (set.Size > 0)
                message.PutBigEndian(NfTablesH.NFTA_SET_DESC_SIZE, set.Size);
            if (!fields)
                return;
            using (message.Nest(NfTablesH.NFTA_SET_DESC_CONCAT))
            {
                foreach (var field in set.Key)
                {
                    using (message.Nest(NfTablesH.NFTA_LIST_ELEM))
                        message.PutBigEndian(NfTablesH.NFTA_SET_FIELD_LEN, (uint)NftTypes.SizeOf(field));
                }
            }
        }
    }
}
