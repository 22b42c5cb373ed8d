using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

public enum NftFibResult : uint
{
    OutputIndex = NfExpressionsH.NFT_FIB_RESULT_OIF,
    OutputName = NfExpressionsH.NFT_FIB_RESULT_OIFNAME,

    /// <summary>RTN_LOCAL (2), RTN_UNICAST (1), ..., host order.</summary>
    AddressType = NfExpressionsH.NFT_FIB_RESULT_ADDRTYPE,
}

/// <summary>What a route lookup has to be made with.</summary>
[Flags]
public enum NftFibFlags : uint
{
    Source = NfExpressionsH.NFTA_FIB_F_SADDR,
    Destination = NfExpressionsH.NFTA_FIB_F_DADDR,
    Mark = NfExpressionsH.NFTA_FIB_F_MARK,
    Input = NfExpressionsH.NFTA_FIB_F_IIF,
    Output = NfExpressionsH.NFTA_FIB_F_OIF,
    Present = NfExpressionsH.NFTA_FIB_F_PRESENT,
}

/// <summary>What the routing tables say of an address, into a register.</summary>
public sealed record NftFib(NftFibFlags Flags, NftFibResult Result, int Register) : NftExpression
{
    internal override string Name => "fib";

    internal static NftFib Parse(NftAttributes data) => new((NftFibFlags)data.Number(NfExpressionsH.NFTA_FIB_FLAGS),
        (NftFibResult)data.Number(NfExpressionsH.NFTA_FIB_RESULT), data.Register(NfExpressionsH.NFTA_FIB_DREG));

    internal override void Write(NetlinkWriter writer)
    {
        writer.PutBigEndian(NfExpressionsH.NFTA_FIB_RESULT, (uint)Result);
        writer.PutBigEndian(NfExpressionsH.NFTA_FIB_FLAGS, (uint)Flags);
        writer.PutRegister(NfExpressionsH.NFTA_FIB_DREG, Register);
    }
}
