using System.Buffers.Binary;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter;

/// <summary>
/// Changes of nf_tables that happen together or not at all: <c>BATCH_BEGIN, change, change, ..., BATCH_END</c> in one datagram.
/// Made once, executed once.
/// </summary>
public sealed class NftBatch : NetlinkBatch
{
    private const ushort Create = NetlinkH.NLM_F_CREATE;

    // The lists of elements are attributes, whose length has 16 bits; an element is much smaller than what is left.
    private const int MostListBytes = 60_000;
    private bool _sealed;

    public NftBatch()
    {
        using var message = Message(NfnetlinkH.NFNL_MSG_BATCH_BEGIN, 0, NftFamily.Inet, "commit nf_tables transaction", NfnetlinkH.NFNL_SUBSYS_NFTABLES);
        message.PutBigEndian(NfnetlinkH.NFNL_BATCH_GENID, 0u);
    }

    /// <summary>Nothing to do.</summary>
    public bool IsEmpty => Count == 1;

    /// <summary>Bytes so far.</summary>
    public int Size => Length;

    public NftBatch TableAdd(NftTable table)
    {
        using var message = Nft(NfTablesH.NFT_MSG_NEWTABLE, Create, table.Family, $"add table {table}");
        message.Put(NfTablesH.NFTA_TABLE_NAME, table.Name);
        message.PutBigEndian(NfTablesH.NFTA_TABLE_FLAGS, table.Dormant ? NfTablesH.NFT_TABLE_F_DORMANT : 0);
        message.PutComment(NfTablesH.NFTA_TABLE_USERDATA, table.Comment);
        return this;
    }

    /// <summary>With everything in it; an absent one is an error (add it before, in the same batch, to be sure).</summary>
    public NftBatch TableDelete(NftFamily family, string name)
    {
        using var message = Nft(NfTablesH.NFT_MSG_DELTABLE, 0, family, $"delete table {family} {name}");
        message.Put(NfTablesH.NFTA_TABLE_NAME, name);
        return this;
    }

    public NftBatch ChainAdd(NftChain chain)
    {
        using var message = Nft(NfTablesH.NFT_MSG_NEWCHAIN, Create, chain.Family, $"add chain {chain}");
        message.Put(NfTablesH.NFTA_CHAIN_TABLE, chain.Table);
        message.Put(NfTablesH.NFTA_CHAIN_NAME, chain.Name);
        if (chain.Hook is { } hook)
        {
            using (message.Nest(NfTablesH.NFTA_CHAIN_HOOK))
            {
                message.PutBigEndian(NfTablesH.NFTA_HOOK_HOOKNUM, (uint)hook);
                message.PutBigEndian(NfTablesH.NFTA_HOOK_PRIORITY, (uint)chain.Priority);
            }

            message.PutBigEndian(NfTablesH.NFTA_CHAIN_POLICY, (uint)(chain.DropsByDefault ? NetfilterH.NF_DROP : NetfilterH.NF_ACCEPT));
            message.Put(NfTablesH.NFTA_CHAIN_TYPE, chain.Type ?? "filter");
        }

        message.PutComment(NfTablesH.NFTA_CHAIN_USERDATA, chain.Comment);
        return this;
    }

    /// <summary>It must be empty, and (before Linux 6.2) no rule may have pointed to it when the batch began.</summary>
    public NftBatch ChainDelete(NftFamily family, string table, string name)
    {
        using var message = Nft(NfTablesH.NFT_MSG_DELCHAIN, 0, family, $"delete chain {table} {name}");
        message.Put(NfTablesH.NFTA_CHAIN_TABLE, table);
        message.Put(NfTablesH.NFTA_CHAIN_NAME, name);
        return this;
    }

    /// <summary>Removes all rules of a chain, or of all chains when none is named.</summary>
    public NftBatch RulesFlush(NftFamily family, string table, string? chain = null)
    {
        using var message = Nft(NfTablesH.NFT_MSG_DELRULE, 0, family, $"flush {table} {chain}");
        message.Put(NfTablesH.NFTA_RULE_TABLE, table);
        if (chain is not null)
            message.Put(NfTablesH.NFTA_RULE_CHAIN, chain);
        return this;
    }

    /// <summary>At the end of its chain.</summary>
    public NftBatch RuleAdd(NftRule rule) => Rule(rule, Create | NetlinkH.NLM_F_APPEND);

    /// <summary>At the beginning of its chain.</summary>
    public NftBatch RuleInsert(NftRule rule) => Rule(rule, Create);

    /// <summary>In place of the rule with its handle.</summary>
    public NftBatch RuleReplace(NftRule rule) => Rule(rule, NetlinkH.NLM_F_REPLACE);

    /// <summary>The rule with its handle.</summary>
    public NftBatch RuleDelete(NftRule rule)
    {
        using var message = Nft(NfTablesH.NFT_MSG_DELRULE, 0, rule.Family, $"delete rule {rule.Handle} of {rule.Table} {rule.Chain}");
        message.Put(NfTablesH.NFTA_RULE_TABLE, rule.Table);
        message.Put(NfTablesH.NFTA_RULE_CHAIN, rule.Chain);
        message.PutBigEndian(NfTablesH.NFTA_RULE_HANDLE, rule.Handle);
        return this;
    }

    public NftBatch SetAdd(NftSet set)
    {
        NftSetWriter.Write(this, Nft(NfTablesH.NFT_MSG_NEWSET, Create, set.Family, $"add set {set}"), set);
        return this;
    }

    /// <summary>With its elements; no rule may use it.</summary>
    public NftBatch SetDelete(NftFamily family, string table, string name)
    {
        using var message = Nft(NfTablesH.NFT_MSG_DELSET, 0, family, $"delete set {table} {name}");
        message.Put(NfTablesH.NFTA_SET_TABLE, table);
        message.Put(NfTablesH.NFTA_SET_NAME, name);
        return this;
    }

    /// <summary>Removes all elements.</summary>
    public NftBatch SetFlush(NftSet set)
    {
        using var message = Nft(NfTablesH.NFT_MSG_DELSETELEM, 0, set.Family, $"flush set {set}");
        message.Put(NfTablesH.NFTA_SET_ELEM_LIST_TABLE, set.Table);
        message.Put(NfTablesH.NFTA_SET_ELEM_LIST_SET, set.Name);
        return this;
    }

    /// <summary>One that is there already, equal, is no error.</summary>
    public NftBatch ElementsAdd(NftSet set, IEnumerable<NftElement> elements) => Elements(NfTablesH.NFT_MSG_NEWSETELEM, Create, set, elements, "add");

    /// <summary>By key; an absent one is an error.</summary>
    public NftBatch ElementsDelete(NftSet set, IEnumerable<NftElement> elements) => Elements(NfTablesH.NFT_MSG_DELSETELEM, 0, set, elements, "delete");

    internal static ushort TypeOf(ushort message, ushort subsystem = NfnetlinkH.NFNL_SUBSYS_NFTABLES) => (ushort)((subsystem << 8) | message);

    /// <summary>Ends the batch and ties it to a generation (0 to none).</summary>
    internal void Seal(uint generation)
    {
        if (!_sealed)
        {
            using var message = Message(NfnetlinkH.NFNL_MSG_BATCH_END, 0, NftFamily.Inet, "end of nf_tables transaction", NfnetlinkH.NFNL_SUBSYS_NFTABLES);
        }

        _sealed = true;
        // nlmsghdr 16, nfgenmsg 4, nlattr 4: the number stands where the constructor wrote it.
        BinaryPrimitives.WriteUInt32BigEndian(Written[24..], generation);
    }

    internal NetlinkWriter Nft(ushort message, ushort flags, NftFamily family, object operation) => Message(TypeOf(message), flags, family, operation, 0);

    private NetlinkWriter Message(ushort type, ushort flags, NftFamily family, object operation, ushort subsystem)
    {
        var message = Begin(type, (ushort)(NetlinkH.NLM_F_REQUEST | flags), operation);
        message.Header(new nfgenmsg
        {
            nfgen_family = subsystem == 0 ? (byte)family : (byte)0, version = NfnetlinkH.NFNETLINK_V0, res_id = BinaryPrimitives.ReverseEndianness(subsystem),
        });
        return message;
    }

    private NftBatch Rule(NftRule rule, ushort flags)
    {
        using var message = Nft(NfTablesH.NFT_MSG_NEWRULE, flags, rule.Family, new Addition(rule));
        message.Put(NfTablesH.NFTA_RULE_TABLE, rule.Table);
        message.Put(NfTablesH.NFTA_RULE_CHAIN, rule.Chain);
        if ((flags & NetlinkH.NLM_F_REPLACE) != 0)
            message.PutBigEndian(NfTablesH.NFTA_RULE_HANDLE, rule.Handle);
        using (message.Nest(NfTablesH.NFTA_RULE_EXPRESSIONS))
        {
            foreach (var expression in rule.Expressions)
                NftExpressionCodec.Write(message, NfTablesH.NFTA_LIST_ELEM, expression);
        }

        if (rule.CompatProtocol is { } protocol)
        {
            using (message.Nest(NfTablesH.NFTA_RULE_COMPAT))
            {
                message.PutBigEndian(NfTablesH.NFTA_RULE_COMPAT_PROTO, (uint)protocol);
                message.PutBigEndian(NfTablesH.NFTA_RULE_COMPAT_FLAGS, 0u);
            }
        }

        message.PutComment(NfTablesH.NFTA_RULE_USERDATA, rule.Comment);
        return this;
    }

    private NftBatch Elements(ushort type, ushort flags, NftSet set, IEnumerable<NftElement> elements, string verb)
    {
        using var enumerator = elements.GetEnumerator();
        var more = enumerator.MoveNext();
        while (more)
        {
            using var message = Nft(type, flags, set.Family, $"{verb} elements of {set}");
            message.Put(NfTablesH.NFTA_SET_ELEM_LIST_TABLE, set.Table);
            message.Put(NfTablesH.NFTA_SET_ELEM_LIST_SET, set.Name);
            var start = Length;
            using (message.Nest(NfTablesH.NFTA_SET_ELEM_LIST_ELEMENTS))
            {
                for (; more && Length - start < MostListBytes; more = enumerator.MoveNext())
                    NftSetWriter.Write(message, enumerator.Current, withData: type == NfTablesH.NFT_MSG_NEWSETELEM);
            }
        }

        return this;
    }

    // A batch may have a hundred thousand of them, and words are needed for one that is refused.
    private sealed class Addition(NftRule rule)
    {
        public override string ToString() => $"add rule to {rule.Table} {rule.Chain}: {rule}";
    }
}
