using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

public enum NftMetaKey : uint
{
    Length = NfExpressionsH.NFT_META_LEN,
    EtherProtocol = NfExpressionsH.NFT_META_PROTOCOL,
    Priority = NfExpressionsH.NFT_META_PRIORITY,
    Mark = NfExpressionsH.NFT_META_MARK,
    InputIndex = NfExpressionsH.NFT_META_IIF,
    OutputIndex = NfExpressionsH.NFT_META_OIF,
    InputName = NfExpressionsH.NFT_META_IIFNAME,
    OutputName = NfExpressionsH.NFT_META_OIFNAME,
    UserId = NfExpressionsH.NFT_META_SKUID,
    Trace = NfExpressionsH.NFT_META_NFTRACE,
    NetworkProtocol = NfExpressionsH.NFT_META_NFPROTO,
    TransportProtocol = NfExpressionsH.NFT_META_L4PROTO,
    PacketType = NfExpressionsH.NFT_META_PKTTYPE,
    InputGroup = NfExpressionsH.NFT_META_IIFGROUP,
    ControlGroup = NfExpressionsH.NFT_META_CGROUP,
    Random = NfExpressionsH.NFT_META_PRANDOM,
}

/// <summary>What the kernel knows of the packet: into a register, or from one (<see cref="Sets"/>).</summary>
public sealed record NftMeta(NftMetaKey Key, int Register, bool Sets = false) : NftExpression
{
    internal override string Name => "meta";

    internal static NftMeta Parse(NftAttributes data)
    {
        var sets = data.Has(NfExpressionsH.NFTA_META_SREG);
        return new NftMeta((NftMetaKey)data.Number(NfExpressionsH.NFTA_META_KEY),
            data.Register(sets ? NfExpressionsH.NFTA_META_SREG : NfExpressionsH.NFTA_META_DREG), sets);
    }

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutBigEndian(NfExpressionsH.NFTA_META_KEY, (uint)Key);
        writer.PutRegister(Sets ? NfExpressionsH.NFTA_META_SREG : NfExpressionsH.NFTA_META_DREG, Register);
    }
}
