using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

public enum NftSocketKey : uint
{
    /// <summary>IP_TRANSPARENT is set.</summary>
    Transparent = NfExpressionsH.NFT_SOCKET_TRANSPARENT,
    Mark = NfExpressionsH.NFT_SOCKET_MARK,

    /// <summary>1 when the socket is bound to no address, 0 when to one.</summary>
    Wildcard = NfExpressionsH.NFT_SOCKET_WILDCARD,
}

/// <summary>
/// Something of the socket that the packet would be delivered to, into a register; the rule ends where there is none. In
/// prerouting and input chains.
/// </summary>
public sealed record NftSocketMatch(NftSocketKey Key, int Register) : NftExpression
{
    internal override string Name => "socket";

    internal static NftSocketMatch Parse(NftAttributes data) => new((NftSocketKey)data.Number(NfExpressionsH.NFTA_SOCKET_KEY), data.Register(NfExpressionsH.NFTA_SOCKET_DREG));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutBigEndian(NfExpressionsH.NFTA_SOCKET_KEY, (uint)Key);
        writer.PutRegister(NfExpressionsH.NFTA_SOCKET_DREG, Register);
    }
}
