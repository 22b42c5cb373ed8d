using System.Net.Sockets;
using Network.Linux;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;

namespace Network.Netlink.Netfilter;

/// <summary>The tracked connections of one network namespace: read and removed.</summary>
public sealed class ConntrackSocket : IDisposable
{
    private readonly NetlinkSocket _socket;

    /// <summary>Over a transport of the caller's: the in-memory one in tests.</summary>
    public ConntrackSocket(INetlinkTransport transport) => _socket = new NetlinkSocket(transport);

    private ConntrackSocket(NetlinkSocket socket) => _socket = socket;

    /// <param name="netNs">Namespace name or path; null means the calling thread's.</param>
    public static ConntrackSocket Open(string? netNs = null) => new(NetlinkSocket.Open(NfnetlinkH.NETLINK_NETFILTER, netNs));

    /// <summary>The connections of a family that the condition holds for.</summary>
    public IReadOnlyList<ConntrackEntry> Entries(AddressFamily family, Func<ConntrackEntry, bool>? condition = null) => _socket.Dump(
        request =>
        {
            using var message = Begin(request, ConntrackH.IPCTNL_MSG_CT_GET, NetlinkH.NLM_F_DUMP, family, "list connections");
        },
        (NetlinkMessage message, out ConntrackEntry entry) => ConntrackParser.TryParse(message, out entry)
            && entry.Original.Source.AddressFamily == family && (condition is null || condition(entry)));

    /// <summary>Removes connections. One that is gone already, or that another took the place of, is left alone.</summary>
    /// <returns>How many were removed.</returns>
    public int Delete(IReadOnlyCollection<ConntrackEntry> entries)
    {
        if (entries.Count == 0)
            return 0;
        var batch = new NetlinkBatch();
        foreach (var entry in entries)
        {
            using var message = Begin(batch, ConntrackH.IPCTNL_MSG_CT_DELETE, 0, entry.Original.Source.AddressFamily, $"delete connection {entry.Original}");
            ConntrackParser.Write(message, ConntrackH.CTA_TUPLE_ORIG, entry.Original);
            if (entry.Zone != 0)
                message.PutBigEndian(ConntrackH.CTA_ZONE, entry.Zone);
            message.PutBigEndian(ConntrackH.CTA_ID, entry.Id);
        }

        var refused = _socket.TryExecute(batch);
        if (refused.FirstOrDefault(refusal => refusal.Error.Errno != Errno.ENOENT) is { Error: { } error })
            throw error;
        return entries.Count - refused.Count;
    }

    /// <summary>Removes the connections that the condition holds for.</summary>
    /// <returns>How many were removed.</returns>
    public int Delete(AddressFamily family, Func<ConntrackEntry, bool> condition) => Delete(Entries(family, condition));

    public void Dispose() => _socket.Dispose();

    private static NetlinkWriter Begin(NetlinkBatch batch, ushort message, ushort flags, AddressFamily family, string operation)
    {
        var writer = batch.Begin(NftBatch.TypeOf(message, NfnetlinkH.NFNL_SUBSYS_CTNETLINK), (ushort)(NetlinkH.NLM_F_REQUEST | flags), operation);
        writer.Header(new nfgenmsg
        {
            nfgen_family = family == AddressFamily.InterNetworkV6 ? (byte)NetlinkH.AF_INET6 : (byte)NetlinkH.AF_INET, version = NfnetlinkH.NFNETLINK_V0,
        });
        return writer;
    }
}
