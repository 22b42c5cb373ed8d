using Network.Netlink.Interop;
using Network.Netlink.Netfilter.Expressions;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter;

/// <summary>Replies and events of nf_tables. What is too short or ends inside an attribute is turned down.</summary>
internal static class NftParser
{
    internal static bool TryParse(NetlinkMessage message, out NftTable table)
    {
        table = null!;
        if (!TryRead(message, NfTablesH.NFT_MSG_NEWTABLE, NfTablesH.NFT_MSG_DELTABLE, out var family, out var attributes))
            return false;
        table = new NftTable(family, attributes.Text(NfTablesH.NFTA_TABLE_NAME))
        {
            Dormant = (attributes.Number(NfTablesH.NFTA_TABLE_FLAGS) & NfTablesH.NFT_TABLE_F_DORMANT) != 0,
            Comment = attributes.Comment(NfTablesH.NFTA_TABLE_USERDATA),
            Handle = attributes.Long(NfTablesH.NFTA_TABLE_HANDLE),
        };
        return true;
    }

    internal static bool TryParse(NetlinkMessage message, out NftChain chain)
    {
        chain = null!;
        if (!TryRead(message, NfTablesH.NFT_MSG_NEWCHAIN, NfTablesH.NFT_MSG_DELCHAIN, out var family, out var attributes))
            return false;
        var based = attributes.Has(NfTablesH.NFTA_CHAIN_HOOK);
        var hook = attributes.Nested(NfTablesH.NFTA_CHAIN_HOOK);
        chain = new NftChain(family, attributes.Text(NfTablesH.NFTA_CHAIN_TABLE), attributes.Text(NfTablesH.NFTA_CHAIN_NAME))
        {
            Type = based ? attributes.Text(NfTablesH.NFTA_CHAIN_TYPE) : null,
            Hook = based ? (NftHook)hook.Number(NfTablesH.NFTA_HOOK_HOOKNUM) : null,
            Priority = (int)hook.Number(NfTablesH.NFTA_HOOK_PRIORITY),
            DropsByDefault = based && attributes.Number(NfTablesH.NFTA_CHAIN_POLICY) == NetfilterH.NF_DROP,
            Comment = attributes.Comment(NfTablesH.NFTA_CHAIN_USERDATA),
            Handle = attributes.Long(NfTablesH.NFTA_CHAIN_HANDLE),
        };
        return true;
    }

    internal static bool TryParse(NetlinkMessage message, out NftRule rule)
    {
        rule = null!;
        if (!TryRead(message, NfTablesH.NFT_MSG_NEWRULE, NfTablesH.NFT_MSG_DELRULE, out var family, out var attributes))
            return false;
        var expressions = new List<NftExpression>();
        if (attributes.TryFind(NfTablesH.NFTA_RULE_EXPRESSIONS, out var list))
        {
            var reader = list.Nested;
            while (reader.TryNext(out var item))
            {
                if (NftExpressionCodec.Parse(item.Nested) is { } expression)
                    expressions.Add(expression);
            }
        }

        rule = new NftRule(family, attributes.Text(NfTablesH.NFTA_RULE_TABLE), attributes.Text(NfTablesH.NFTA_RULE_CHAIN), expressions)
        {
            Comment = attributes.Comment(NfTablesH.NFTA_RULE_USERDATA),
            Handle = attributes.Long(NfTablesH.NFTA_RULE_HANDLE),
        };
        return true;
    }

    /// <summary>Only the chain a rule of a table stands in.</summary>
    internal static bool TryParseChainOf(NetlinkMessage message, string table, out string chain)
    {
        chain = "";
        if (!TryRead(message, NfTablesH.NFT_MSG_NEWRULE, NfTablesH.NFT_MSG_DELRULE, out _, out var attributes) || attributes.Text(NfTablesH.NFTA_RULE_TABLE) != table)
            return false;
        chain = attributes.Text(NfTablesH.NFTA_RULE_CHAIN);
        return true;
    }

    internal static bool TryParse(NetlinkMessage message, out NftSet set)
    {
        set = null!;
        if (!TryRead(message, NfTablesH.NFT_MSG_NEWSET, NfTablesH.NFT_MSG_DELSET, out var family, out var attributes))
            return false;
        var flags = attributes.Number(NfTablesH.NFTA_SET_FLAGS);
        set = new NftSet(family, attributes.Text(NfTablesH.NFTA_SET_TABLE), attributes.Text(NfTablesH.NFTA_SET_NAME))
        {
            Key = NftTypes.Split(attributes.Number(NfTablesH.NFTA_SET_KEY_TYPE)),
            Data = (flags & NfTablesH.NFT_SET_MAP) != 0 ? NftTypes.Split(attributes.Number(NfTablesH.NFTA_SET_DATA_TYPE)) : [],
            Interval = (flags & NfTablesH.NFT_SET_INTERVAL) != 0,
            HasTimeout = (flags & NfTablesH.NFT_SET_TIMEOUT) != 0,
            Timeout = attributes.Milliseconds(NfTablesH.NFTA_SET_TIMEOUT),
            Dynamic = (flags & NfTablesH.NFT_SET_EVAL) != 0,
            Counter = attributes.TryFind(NfTablesH.NFTA_SET_EXPR, out var each) && NftExpressionCodec.Parse(each.Nested) is NftCounter,
            Size = attributes.Nested(NfTablesH.NFTA_SET_DESC).Number(NfTablesH.NFTA_SET_DESC_SIZE),
            Comment = attributes.Comment(NfTablesH.NFTA_SET_USERDATA, NftUserData.SetComment),
            Handle = attributes.Long(NfTablesH.NFTA_SET_HANDLE),
        };
        return true;
    }

    /// <summary>One message carries many elements of one set.</summary>
    internal static bool TryParse(NetlinkMessage message, out NftElementList elements)
    {
        elements = null!;
        if (!TryRead(message, NfTablesH.NFT_MSG_NEWSETELEM, NfTablesH.NFT_MSG_DELSETELEM, out var family, out var attributes))
            return false;
        var list = new List<NftElement>();
        if (attributes.TryFind(NfTablesH.NFTA_SET_ELEM_LIST_ELEMENTS, out var found))
        {
            var reader = found.Nested;
            while (reader.TryNext(out var item))
                list.Add(Element(new NftAttributes(item.Value)));
            if (reader.Malformed)
                return false;
        }

        elements = new NftElementList(family, attributes.Text(NfTablesH.NFTA_SET_ELEM_LIST_TABLE), attributes.Text(NfTablesH.NFTA_SET_ELEM_LIST_SET), list);
        return true;
    }

    internal static bool TryParse(NetlinkMessage message, out NftGeneration generation)
    {
        generation = default;
        if (!TryRead(message, NfTablesH.NFT_MSG_NEWGEN, NfTablesH.NFT_MSG_NEWGEN, out _, out var attributes))
            return false;
        generation = new NftGeneration(attributes.Number(NfTablesH.NFTA_GEN_ID), (int)attributes.Number(NfTablesH.NFTA_GEN_PROC_PID), attributes.Text(NfTablesH.NFTA_GEN_PROC_NAME));
        return true;
    }

    private static NftElement Element(NftAttributes attributes)
    {
        var counter = attributes.TryFind(NfTablesH.NFTA_SET_ELEM_EXPR, out var each) ? NftExpressionCodec.Parse(each.Nested) as NftCounter : null;
        return new NftElement(attributes.Value(NfTablesH.NFTA_SET_ELEM_KEY))
        {
            KeyEnd = attributes.Value(NfTablesH.NFTA_SET_ELEM_KEY_END),
            EndsInterval = (attributes.Number(NfTablesH.NFTA_SET_ELEM_FLAGS) & NfTablesH.NFT_SET_ELEM_INTERVAL_END) != 0,
            Data = attributes.Value(NfTablesH.NFTA_SET_ELEM_DATA),
            Verdict = attributes.Verdict(NfTablesH.NFTA_SET_ELEM_DATA),
            Timeout = attributes.Milliseconds(NfTablesH.NFTA_SET_ELEM_TIMEOUT),
            Expires = attributes.Milliseconds(NfTablesH.NFTA_SET_ELEM_EXPIRATION),
            Comment = attributes.Comment(NfTablesH.NFTA_SET_ELEM_USERDATA),
            Packets = counter?.Packets ?? 0,
            Bytes = counter?.Bytes ?? 0,
        };
    }

    private static bool TryRead(NetlinkMessage message, ushort added, ushort deleted, out NftFamily family, out NftAttributes attributes)
    {
        family = default;
        attributes = default;
        if (message.Type != NftBatch.TypeOf(added) && message.Type != NftBatch.TypeOf(deleted))
            return false;
        if (!message.TryReadHeader(out nfgenmsg header, out var reader))
            return false;
        family = (NftFamily)header.nfgen_family;
        attributes = new NftAttributes(message.Payload.Length > 4 ? message.Payload[4..] : []);
        while (reader.TryNext(out _))
        {
        }

        return !reader.Malformed;
    }
}
