using Network.Netlink.Interop;
using Network.Netlink.Netfilter.Expressions;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter;

/// <summary>Expressions to and from their attributes. New kinds of expression are known here, in one list.</summary>
internal static class NftExpressionCodec
{
    internal static void Write(NetlinkWriter writer, ushort type, NftExpression expression)
    {
        using (writer.Nest(type))
        {
            writer.Put(NfTablesH.NFTA_EXPR_NAME, expression.Name);
            using (writer.Nest(NfTablesH.NFTA_EXPR_DATA))
                expression.Write(writer);
        }
    }

    internal static NftExpression? Parse(AttributeReader attributes)
    {
        string? name = null;
        var data = default(NftAttributes);
        while (attributes.TryNext(out var attribute))
        {
            if (attribute.Type == NfTablesH.NFTA_EXPR_NAME)
                name = attribute.GetText();
            else if (attribute.Type == NfTablesH.NFTA_EXPR_DATA)
                data = new NftAttributes(attribute.Value);
        }

        return name is null || attributes.Malformed ? null : Parse(name, data);
    }

    private static NftExpression? Parse(string name, NftAttributes data) => name switch
    {
        "payload" => NftPayload.Parse(data),
        "cmp" => NftCompare.Parse(data),
        "bitwise" => NftBitwise.Parse(data),
        "byteorder" => NftByteOrder.Parse(data),
        "range" => NftRange.Parse(data),
        "meta" => NftMeta.Parse(data),
        "ct" => NftConntrack.Parse(data),
        "lookup" => NftLookup.Parse(data),
        "dynset" => NftDynamicSet.Parse(data),
        "immediate" => NftImmediate.Parse(data),
        "nat" => NftNat.Parse(data),
        "masq" => NftMasquerade.Parse(data),
        "redir" => NftRedirect.Parse(data),
        "reject" => NftReject.Parse(data),
        "counter" => NftCounter.Parse(data),
        "numgen" => NftNumber.Parse(data),
        "hash" => NftHash.Parse(data),
        "limit" => NftLimit.Parse(data),
        "log" => NftLog.Parse(data),
        "notrack" => new NftNoTrack(),
        "fib" => NftFib.Parse(data),
        "socket" => NftSocketMatch.Parse(data),
        "match" or "target" => NftExtension.Parse(name, data),
        "objref" => NftObjectReference.Parse(data),
        _ => new NftUnknown(name),
    };
}
