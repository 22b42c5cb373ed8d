using System.Runtime.CompilerServices;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;

namespace Network.Netlink;

/// <summary>
/// A change of an nf_tables chain or of what is in it, as it happens; iptables-nft makes such too. Both names empty: events
/// were lost, or the monitor has just started. Chain empty: the whole table.
/// </summary>
public readonly record struct RulesetChange(string Table, string Chain)
{
    /// <summary>The change may concern this chain.</summary>
    public bool MayConcern(string table, string chain) => Table.Length == 0 || (Table == table && (Chain.Length == 0 || Chain == chain));
}

/// <summary>
/// Tells who changed which chain (NFNLGRP_NFTABLES), so that a daemon looks at its rules when somebody touched them and not
/// each time a service changes elsewhere. Changes by iptables-legacy are not announced by the kernel.
/// </summary>
public sealed class RulesetMonitor : IDisposable
{
    private readonly EventStream<RulesetChange> _stream;

    private RulesetMonitor(EventStream<RulesetChange> stream) => _stream = stream;

    public static RulesetMonitor Open(string? netNs = null) => new(EventStream<RulesetChange>.Open(
        new EventSource("ruleset-monitor", NfnetlinkH.NETLINK_NETFILTER, [NfnetlinkH.NFNLGRP_NFTABLES], netNs, 0), TryParse, new RulesetChange("", "")));

    /// <summary>The changes; one reader. Ends when the monitor is disposed.</summary>
    public async IAsyncEnumerable<RulesetChange> ReadAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (var happened in _stream.Events.ReadAllAsync(cancel).ConfigureAwait(false))
            yield return happened;
    }

    public void Dispose() => _stream.Dispose();

    // nfgenmsg, then NFTA_* attributes. Tables, chains and rules carry their table's name in the first attribute.
    internal static bool TryParse(NetlinkMessage message, out RulesetChange change)
    {
        change = default;
        if (message.Type >> 8 != NfnetlinkH.NFNL_SUBSYS_NFTABLES || !message.TryReadHeader(out nfgenmsg _, out var attributes))
            return false;
        var kind = message.Type & 0xff;
        ushort chainAttribute = kind switch
        {
            NfTablesH.NFT_MSG_NEWRULE or NfTablesH.NFT_MSG_DELRULE => NfTablesH.NFTA_RULE_CHAIN,
            NfTablesH.NFT_MSG_NEWCHAIN or NfTablesH.NFT_MSG_DELCHAIN => NfTablesH.NFTA_CHAIN_NAME,
            NfTablesH.NFT_MSG_NEWTABLE or NfTablesH.NFT_MSG_DELTABLE => 0,
            _ => ushort.MaxValue,
        };
        if (chainAttribute == ushort.MaxValue)
            return false;
        string table = "", chain = "";
        while (attributes.TryNext(out var attribute))
        {
            if (attribute.Type == NfTablesH.NFTA_TABLE_NAME)
                table = attribute.GetText();
            else if (attribute.Type == chainAttribute)
                chain = attribute.GetText();
        }

        change = new RulesetChange(table, chain);
        return !attributes.Malformed && table.Length > 0;
    }
}
