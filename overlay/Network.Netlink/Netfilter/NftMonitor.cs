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

/// <summary>What happened to nf_tables.</summary>
/// <param name="Table">Name of the table concerned, of a change.</param>
public readonly record struct NftEvent(NftEventKind Kind, NftFamily Family = default, string Table = "", NftGeneration Generation = default);

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
        happened = new NftEvent(NftEventKind.Change, (NftFamily)header.nfgen_family, new NftAttributes(message.Payload[4..]).Text(NfTablesH.NFTA_TABLE_NAME));
        return true;
    }
}
