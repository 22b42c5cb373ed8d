using Network.Netlink.Interop;

namespace Network.Netlink.Netfilter;

/// <summary>A connection as the kernel tracks it.</summary>
/// <param name="Original">As the first packet went, before any rewriting.</param>
/// <param name="Reply">As answers come, before they are rewritten back: its source is who really answers.</param>
public sealed record ConntrackEntry(ConntrackTuple Original, ConntrackTuple Reply)
{
    public uint Id { get; init; }

    public ushort Zone { get; init; }

    /// <summary>IPS_ bits (nf_conntrack_common.h).</summary>
    public uint Status { get; init; }

    public uint Mark { get; init; }

    public TimeSpan Timeout { get; init; }

    /// <summary>TCP_CONNTRACK_ number; 3 is established. Null for other protocols.</summary>
    public byte? TcpState { get; init; }

    public bool IsDestinationRewritten => (Status & NetfilterH.IPS_DST_NAT) != 0;

    public bool IsSourceRewritten => (Status & NetfilterH.IPS_SRC_NAT) != 0;

    public bool HasReply => (Status & NetfilterH.IPS_SEEN_REPLY) != 0;
}
