using System.Threading.Channels;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;

namespace Network.Netlink.Netfilter;

public enum NftEventKind
{
    /// <summary>Events were lost, or the stream begins: read what there is.</summary>
    Resync,

    /// <summary>A change of an object in <see cref="NftEvent.Table"/>.</summary>
    Change,

    /// <summary>The transaction that the changes before it belong to is committed.</summary>
    Commit,
}

/// <summary>What kind of thing a change is of.</summary>
public enum NftEventObject
{
    /// <summary>Sets, their elements, named counters and the like.</summary>
    Other,
    Table,
    Chain,
    Rule,
}

/// <summary>What happened to nf_tables.</summary>
/// <param name="Table">Name of the table concerned, of a change.</param>
/// <param name="Chain">Name of the chain concerned, of a change of a chain or of a rule; else empty.</param>
/// <param name="IsRemoval">Of a table, a chain or a rule: it is gone.</param>
public readonly record struct NftEvent(NftEventKind Kind, NftFamily Family = default, NftEventObject Object = default, string Table = "", string Chain = "", bool IsRemoval = false,
    NftGeneration Generation = default);

/// <summary>Changes of nf_tables as they are committed: the tables they concern, then who made them and the new generation.</summary>
public sealed class NftMonitor : IDisposable
{
    private readonly EventStream<NftEvent> _stream;

    private NftMonitor(EventStream<NftEvent> stream) => _stream = stream;

    /// <summary>One reader. Completes when the monitor is disposed.</summary>
    public ChannelReader<NftEvent> Events => _stream.Events;

    /// <param name="netNs">Namespace name or path; null means the calling thread's.</param>
    /// <param name="receiveBuffer">Bytes of events that may wait; 0 for a size that suits a busy node.</param>
    public static NftMonitor Open(string? netNs = null, int receiveBuffer = 0) => new(EventStream<NftEvent>.Open(
        new EventSource("nft-monitor", NfnetlinkH.NETLINK_NETFILTER, [NfnetlinkH.NFNLGRP_NFTABLES], netNs, receiveBuffer), TryParse, new NftEvent(NftEventKind.Resync)));

    public void Dispose() => _stream.Dispose();

    internal static bool TryParse(NetlinkMessage message, out NftEvent happened)
    {
        happened = default;
        if (NftParser.TryParse(message, out NftGeneration generation))
        {
            happened = new NftEvent(NftEventKind.Commit, Generation: generation);
            return true;
        }

        // The table's name is attribute 1 of every kind of object.
        if (message.Type >> 8 != NfnetlinkH.NFNL_SUBSYS_NFTABLES || !message.TryReadHeader(out nfgenmsg header, out _))
            return false;
        var attributes = new NftAttributes(message.Payload[4..]);
        var kind = message.Type & 0xff;
        var what = kind switch
        {
            NfTablesH.NFT_MSG_NEWTABLE or NfTablesH.NFT_MSG_DELTABLE => NftEventObject.Table,
            NfTablesH.NFT_MSG_NEWCHAIN or NfTablesH.NFT_MSG_DELCHAIN => NftEventObject.Chain,
            NfTablesH.NFT_MSG_NEWRULE or NfTablesH.NFT_MSG_DELRULE => NftEventObject.Rule,
            _ => NftEventObject.Other,
        };
        var chain = what switch { NftEventObject.Chain => attributes.Text(NfTablesH.NFTA_CHAIN_NAME), NftEventObject.Rule => attributes.Text(NfTablesH.NFTA_RULE_CHAIN), _ => "" };
        happened = new NftEvent(NftEventKind.Change, (NftFamily)header.nfgen_family, what, attributes.Text(NfTablesH.NFTA_TABLE_NAME), chain,
            kind is NfTablesH.NFT_MSG_DELTABLE or NfTablesH.NFT_MSG_DELCHAIN or NfTablesH.NFT_MSG_DELRULE);
        return true;
    }
}
