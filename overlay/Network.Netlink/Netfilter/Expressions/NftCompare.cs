using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

public enum NftComparison : uint
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>Goes on when the register compares so, byte by byte.</summary>
public sealed record NftCompare(int Register, NftComparison Operator, NftValue Value) : NftExpression
{
    internal override string Name => "cmp";

    internal static NftCompare Parse(NftAttributes data) => new(data.Register(NfExpressionsH.NFTA_CMP_SREG),
        (NftComparison)data.Number(NfExpressionsH.NFTA_CMP_OP), data.Value(NfExpressionsH.NFTA_CMP_DATA));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutRegister(NfExpressionsH.NFTA_CMP_SREG, Register);
        writer.PutBigEndian(NfExpressionsH.NFTA_CMP_OP, (uint)Operator);
        writer.PutData(NfExpressionsH.NFTA_CMP_DATA, Value);
    }
}
