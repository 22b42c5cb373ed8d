using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

/// <summary>How a port is chosen when addresses are rewritten.</summary>
[Flags]
public enum NftNatFlags : uint
{
    None = 0,
    Random = NetfilterH.NF_NAT_RANGE_PROTO_RANDOM,
    FullyRandom = NetfilterH.NF_NAT_RANGE_PROTO_RANDOM_FULLY,
    Persistent = NetfilterH.NF_NAT_RANGE_PERSISTENT,
}

/// <summary>Rewrites source or destination to what registers hold.</summary>
public sealed record NftNat(bool Destination, NftFamily Family, int? Address, int? Port, NftNatFlags Flags = NftNatFlags.None) : NftExpression
{
    // The kernel adds these two itself, from the registers given.
    private const uint Derived = NetfilterH.NF_NAT_RANGE_MAP_IPS | NetfilterH.NF_NAT_RANGE_PROTO_SPECIFIED;

    internal override string Name => "nat";

    internal static NftNat Parse(NftAttributes data) => new(data.Number(NfExpressionsH.NFTA_NAT_TYPE) == NfExpressionsH.NFT_NAT_DNAT, (NftFamily)data.Number(NfExpressionsH.NFTA_NAT_FAMILY),
        data.Has(NfExpressionsH.NFTA_NAT_REG_ADDR_MIN) ? data.Register(NfExpressionsH.NFTA_NAT_REG_ADDR_MIN) : null,
        data.Has(NfExpressionsH.NFTA_NAT_REG_PROTO_MIN) ? data.Register(NfExpressionsH.NFTA_NAT_REG_PROTO_MIN) : null,
        (NftNatFlags)(data.Number(NfExpressionsH.NFTA_NAT_FLAGS) & ~Derived));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutBigEndian(NfExpressionsH.NFTA_NAT_TYPE, Destination ? NfExpressionsH.NFT_NAT_DNAT : NfExpressionsH.NFT_NAT_SNAT);
        writer.PutBigEndian(NfExpressionsH.NFTA_NAT_FAMILY, (uint)Family);
        writer.PutOptionalRegister(NfExpressionsH.NFTA_NAT_REG_ADDR_MIN, Address);
        writer.PutOptionalRegister(NfExpressionsH.NFTA_NAT_REG_PROTO_MIN, Port);
        writer.PutOptional(NfExpressionsH.NFTA_NAT_FLAGS, (uint)Flags);
    }
}

/// <summary>Rewrites the source to the address of the interface the packet leaves by.</summary>
public sealed record NftMasquerade(NftNatFlags Flags = NftNatFlags.None, int? Port = null) : NftExpression
{
    internal override string Name => "masq";

    internal static NftMasquerade Parse(NftAttributes data) => new(
        (NftNatFlags)(data.Number(NfExpressionsH.NFTA_MASQ_FLAGS) & ~NetfilterH.NF_NAT_RANGE_PROTO_SPECIFIED),
        data.Has(NfExpressionsH.NFTA_MASQ_REG_PROTO_MIN) ? data.Register(NfExpressionsH.NFTA_MASQ_REG_PROTO_MIN) : null);

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutOptional(NfExpressionsH.NFTA_MASQ_FLAGS, (uint)Flags);
        writer.PutOptionalRegister(NfExpressionsH.NFTA_MASQ_REG_PROTO_MIN, Port);
    }
}

/// <summary>Rewrites the destination to this machine, and to the port a register holds.</summary>
public sealed record NftRedirect(int? Port = null, NftNatFlags Flags = NftNatFlags.None) : NftExpression
{
    internal override string Name => "redir";

    internal static NftRedirect Parse(NftAttributes data) => new(
        data.Has(NfExpressionsH.NFTA_REDIR_REG_PROTO_MIN) ? data.Register(NfExpressionsH.NFTA_REDIR_REG_PROTO_MIN) : null,
        (NftNatFlags)(data.Number(NfExpressionsH.NFTA_REDIR_FLAGS) & ~NetfilterH.NF_NAT_RANGE_PROTO_SPECIFIED));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutOptionalRegister(NfExpressionsH.NFTA_REDIR_REG_PROTO_MIN, Port);
        writer.PutOptional(NfExpressionsH.NFTA_REDIR_FLAGS, (uint)Flags);
    }
}
