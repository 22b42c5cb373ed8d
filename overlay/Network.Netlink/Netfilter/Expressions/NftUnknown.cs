using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

/// <summary>An expression of the kernel's that this library does not know; it can be seen, not written.</summary>
public sealed record NftUnknown(string Kind) : NftExpression
{
    internal override string Name => Kind;

    internal override void Write(NetlinkWriter writer) =>
        throw new NotSupportedException($"nf_tables expression '{Kind}' can be read but not written");
}
