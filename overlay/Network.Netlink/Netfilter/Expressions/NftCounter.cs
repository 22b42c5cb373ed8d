using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

/// <summary>Counts the packets that come this far.</summary>
public sealed record NftCounter(ulong Packets = 0, ulong Bytes = 0) : NftExpression
{
    internal override string Name => "counter";

    internal static NftCounter Parse(NftAttributes data) => new(data.Long(NfExpressionsH.NFTA_COUNTER_PACKETS), data.Long(NfExpressionsH.NFTA_COUNTER_BYTES));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutBigEndian(NfExpressionsH.NFTA_COUNTER_BYTES, Bytes);
        writer.PutBigEndian(NfExpressionsH.NFTA_COUNTER_PACKETS, Packets);
    }

    internal override bool SameAs(NftExpression other) => other is NftCounter;
}

/// <summary>Counts into a named object of the table.</summary>
/// <param name="Type">1 counter, 2 quota, 4 limit.</param>
public sealed record NftObjectReference(uint Type, string Object) : NftExpression
{
    internal override string Name => "objref";

    internal static NftObjectReference Parse(NftAttributes data) => new(data.Number(NfExpressionsH.NFTA_OBJREF_IMM_TYPE), data.Text(NfExpressionsH.NFTA_OBJREF_IMM_NAME));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutBigEndian(NfExpressionsH.NFTA_OBJREF_IMM_TYPE, Type);
        writer.Put(NfExpressionsH.NFTA_OBJREF_IMM_NAME, Object);
    }
}
