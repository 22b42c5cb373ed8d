using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

/// <summary>(source AND mask) XOR xor.</summary>
public sealed record NftBitwise(int Source, int Register, NftValue Mask, NftValue Xor) : NftExpression
{
    internal override string Name => "bitwise";

    internal static NftBitwise Parse(NftAttributes data) => new(data.Register(NfExpressionsH.NFTA_BITWISE_SREG), data.Register(NfExpressionsH.NFTA_BITWISE_DREG),
        data.Value(NfExpressionsH.NFTA_BITWISE_MASK), data.Value(NfExpressionsH.NFTA_BITWISE_XOR));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutRegister(NfExpressionsH.NFTA_BITWISE_SREG, Source);
        writer.PutRegister(NfExpressionsH.NFTA_BITWISE_DREG, Register);
        writer.PutBigEndian(NfExpressionsH.NFTA_BITWISE_LEN, (uint)Mask.Length);
        writer.PutData(NfExpressionsH.NFTA_BITWISE_MASK, Mask);
        writer.PutData(NfExpressionsH.NFTA_BITWISE_XOR, Xor);
    }
}

/// <summary>Swaps bytes between host and network order.</summary>
/// <param name="ToHost">Else to network order.</param>
/// <param name="Size">Bytes of one number.</param>
public sealed record NftByteOrder(int Source, int Register, bool ToHost, int Length, int Size) : NftExpression
{
    internal override string Name => "byteorder";

    internal static NftByteOrder Parse(NftAttributes data) => new(data.Register(NfExpressionsH.NFTA_BYTEORDER_SREG), data.Register(NfExpressionsH.NFTA_BYTEORDER_DREG),
        data.Number(NfExpressionsH.NFTA_BYTEORDER_OP) == 0, (int)data.Number(NfExpressionsH.NFTA_BYTEORDER_LEN), (int)data.Number(NfExpressionsH.NFTA_BYTEORDER_SIZE));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutRegister(NfExpressionsH.NFTA_BYTEORDER_SREG, Source);
        writer.PutRegister(NfExpressionsH.NFTA_BYTEORDER_DREG, Register);
        writer.PutBigEndian(NfExpressionsH.NFTA_BYTEORDER_OP, ToHost ? 0u : 1u);
        writer.PutBigEndian(NfExpressionsH.NFTA_BYTEORDER_LEN, (uint)Length);
        writer.PutBigEndian(NfExpressionsH.NFTA_BYTEORDER_SIZE, (uint)Size);
    }
}
