using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

public enum NftPayloadBase : uint
{
    Link = NfExpressionsH.NFT_PAYLOAD_LL_HEADER,
    Network = NfExpressionsH.NFT_PAYLOAD_NETWORK_HEADER,
    Transport = NfExpressionsH.NFT_PAYLOAD_TRANSPORT_HEADER,
}

/// <summary>Bytes of the packet into a register.</summary>
public sealed record NftPayload(NftPayloadBase Base, int Offset, int Length, int Register) : NftExpression
{
    internal override string Name => "payload";

    public static NftPayload SourceAddress(NftFamily family, int register) =>
        family == NftFamily.Ip6 ? new(NftPayloadBase.Network, 8, 16, register) : new(NftPayloadBase.Network, 12, 4, register);

    public static NftPayload DestinationAddress(NftFamily family, int register) =>
        family == NftFamily.Ip6 ? new(NftPayloadBase.Network, 24, 16, register) : new(NftPayloadBase.Network, 16, 4, register);

    /// <summary>Of TCP, UDP and SCTP alike.</summary>
    public static NftPayload SourcePort(int register) => new(NftPayloadBase.Transport, 0, 2, register);

    /// <inheritdoc cref="SourcePort"/>
    public static NftPayload DestinationPort(int register) => new(NftPayloadBase.Transport, 2, 2, register);

    internal static NftPayload Parse(NftAttributes data) => new((NftPayloadBase)data.Number(NfExpressionsH.NFTA_PAYLOAD_BASE),
        (int)data.Number(NfExpressionsH.NFTA_PAYLOAD_OFFSET), (int)data.Number(NfExpressionsH.NFTA_PAYLOAD_LEN), data.Register(NfExpressionsH.NFTA_PAYLOAD_DREG));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutRegister(NfExpressionsH.NFTA_PAYLOAD_DREG, Register);
        writer.PutBigEndian(NfExpressionsH.NFTA_PAYLOAD_BASE, (uint)Base);
        writer.PutBigEndian(NfExpressionsH.NFTA_PAYLOAD_OFFSET, (uint)Offset);
        writer.PutBigEndian(NfExpressionsH.NFTA_PAYLOAD_LEN, (uint)Length);
    }
}
