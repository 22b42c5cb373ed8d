using System.Runtime.CompilerServices;
using Network.Netlink.Interop;
using Network.Netlink.Netfilter;
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

    // What is no table, chain or rule is not even read: sets may have as many changes as elements.
    internal static bool TryParse(NetlinkMessage message, out RulesetChange change)
    {
        change = default;
        if ((message.Type & 0xff) > NfTablesH.NFT_MSG_DELRULE || !NftMonitor.TryParse(message, out var happened) || happened.Table.Length == 0)
            return false;
        change = new RulesetChange(happened.Table, happened.Chain);
        return true;
    }
}
