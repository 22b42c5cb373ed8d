using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

/// <summary>Hands a copy of the packet to the readers of an NFLOG group, or writes a line to the kernel's log without one.</summary>
/// <param name="SnapLength">Bytes copied; 0 for all.</param>
/// <param name="QueueThreshold">Packets that the kernel collects before it wakes the reader.</param>
public sealed record NftLog(string Prefix, ushort? Group = null, uint SnapLength = 0, ushort QueueThreshold = 0) : NftExpression
{
    internal override string Name => "log";

    internal static NftLog Parse(NftAttributes data) => new(data.Text(NfExpressionsH.NFTA_LOG_PREFIX),
        data.Has(NfExpressionsH.NFTA_LOG_GROUP) ? data.Short(NfExpressionsH.NFTA_LOG_GROUP) : null,
        data.Number(NfExpressionsH.NFTA_LOG_SNAPLEN), data.Short(NfExpressionsH.NFTA_LOG_QTHRESHOLD));

    internal override void Write(NetlinkWriter writer)
    {
        if (Prefix.Length > 0)
            writer.Put(NfExpressionsH.NFTA_LOG_PREFIX, Prefix);
        if (Group is not { } group)
            return;
        writer.PutBigEndian(NfExpressionsH.NFTA_LOG_GROUP, group);
        writer.PutOptional(NfExpressionsH.NFTA_LOG_SNAPLEN, SnapLength);
        if (QueueThreshold > 0)
            writer.PutBigEndian(NfExpressionsH.NFTA_LOG_QTHRESHOLD, QueueThreshold);
    }
}
