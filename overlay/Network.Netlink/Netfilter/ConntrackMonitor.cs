using System.Threading.Channels;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;

namespace Network.Netlink.Netfilter;

public enum ConntrackEventKind
{
    /// <summary>Events were lost, or the stream begins.</summary>
    Resync,
    New,
    Update,
    Destroy,
}

/// <summary>What happened to a connection.</summary>
public readonly record struct ConntrackEvent(ConntrackEventKind Kind, ConntrackEntry? Entry = null);

/// <summary>Connections as they come, change and go.</summary>
public sealed class ConntrackMonitor : IDisposable
{
    private readonly EventStream<ConntrackEvent> _stream;

    private ConntrackMonitor(EventStream<ConntrackEvent> stream) => _stream = stream;

    /// <summary>One reader. Completes when the monitor is disposed.</summary>
    public ChannelReader<ConntrackEvent> Events => _stream.Events;

    /// <param name="netNs">Namespace name or path; null means the calling thread's.</param>
    public static ConntrackMonitor Open(string? netNs = null) => new(EventStream<ConntrackEvent>.Open(
        new EventSource("conntrack-monitor", NfnetlinkH.NETLINK_NETFILTER,
            [NfnetlinkH.NFNLGRP_CONNTRACK_NEW, NfnetlinkH.NFNLGRP_CONNTRACK_UPDATE, NfnetlinkH.NFNLGRP_CONNTRACK_DESTROY], netNs, 0),
        TryParse, new ConntrackEvent(ConntrackEventKind.Resync)));

    public void Dispose() => _stream.Dispose();

    internal static bool TryParse(NetlinkMessage message, out ConntrackEvent happened)
    {
        happened = default;
        if (!ConntrackParser.TryParse(message, out var entry))
            return false;
        var kind = (message.Type & 0xff) == ConntrackH.IPCTNL_MSG_CT_DELETE ? ConntrackEventKind.Destroy
            : (message.Flags & (NetlinkH.NLM_F_CREATE | NetlinkH.NLM_F_EXCL)) != 0 ? ConntrackEventKind.New
            : ConntrackEventKind.Update;
        happened = new ConntrackEvent(kind, entry);
        return true;
    }
}
