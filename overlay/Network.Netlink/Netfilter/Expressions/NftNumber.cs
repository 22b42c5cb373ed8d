using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

/// <summary>A number below the modulus into a register, host order: random, or the next in turn.</summary>
public sealed record NftNumber(int Register, uint Modulus, bool Random = true, uint Offset = 0) : NftExpression
{
    internal override string Name => "numgen";

    internal static NftNumber Parse(NftAttributes data) => new(data.Register(NfExpressionsH.NFTA_NG_DREG), data.Number(NfExpressionsH.NFTA_NG_MODULUS),
        data.Number(NfExpressionsH.NFTA_NG_TYPE) == NfExpressionsH.NFT_NG_RANDOM, data.Number(NfExpressionsH.NFTA_NG_OFFSET));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutRegister(NfExpressionsH.NFTA_NG_DREG, Register);
        writer.PutBigEndian(NfExpressionsH.NFTA_NG_MODULUS, Modulus);
        writer.PutBigEndian(NfExpressionsH.NFTA_NG_TYPE, Random ? NfExpressionsH.NFT_NG_RANDOM : NfExpressionsH.NFT_NG_INCREMENTAL);
        writer.PutBigEndian(NfExpressionsH.NFTA_NG_OFFSET, Offset);
    }
}

/// <summary>A number below the modulus that the same bytes always give: of registers (jhash), or of the packet's flow (<see cref="Symmetric"/>).</summary>
public sealed record NftHash(int Register, uint Modulus, int? Source, int Length = 0, uint Seed = 0, uint Offset = 0) : NftExpression
{
    internal override string Name => "hash";

    public bool Symmetric => Source is null;

    internal static NftHash Parse(NftAttributes data) => new(data.Register(NfExpressionsH.NFTA_HASH_DREG), data.Number(NfExpressionsH.NFTA_HASH_MODULUS),
        data.Number(NfExpressionsH.NFTA_HASH_TYPE) == NfExpressionsH.NFT_HASH_SYM ? null : data.Register(NfExpressionsH.NFTA_HASH_SREG),
        (int)data.Number(NfExpressionsH.NFTA_HASH_LEN), data.Number(NfExpressionsH.NFTA_HASH_SEED), data.Number(NfExpressionsH.NFTA_HASH_OFFSET));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutRegister(NfExpressionsH.NFTA_HASH_DREG, Register);
        writer.PutBigEndian(NfExpressionsH.NFTA_HASH_MODULUS, Modulus);
        writer.PutBigEndian(NfExpressionsH.NFTA_HASH_TYPE, Symmetric ? NfExpressionsH.NFT_HASH_SYM : NfExpressionsH.NFT_HASH_JENKINS);
        writer.PutOptional(NfExpressionsH.NFTA_HASH_OFFSET, Offset);
        if (Source is not { } source)
            return;
        writer.PutRegister(NfExpressionsH.NFTA_HASH_SREG, source);
        writer.PutBigEndian(NfExpressionsH.NFTA_HASH_LEN, (uint)Length);
        writer.PutBigEndian(NfExpressionsH.NFTA_HASH_SEED, Seed);
    }
}
