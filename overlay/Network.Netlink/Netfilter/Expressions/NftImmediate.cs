using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

/// <summary>A constant into a register, or the rule's verdict.</summary>
public sealed record NftImmediate : NftExpression
{
    public NftImmediate(int register, NftValue value) => (Register, Value) = (register, value);

    public NftImmediate(NftVerdict verdict) => Verdict = verdict;

    public int Register { get; }

    public NftValue Value { get; }

    public NftVerdict? Verdict { get; }

    internal override string Name => "immediate";

    public override string ToString() => Verdict is { } verdict ? verdict.ToString() : $"r{Register} = {Value}";

    internal static NftImmediate Parse(NftAttributes data) => data.Verdict(NfExpressionsH.NFTA_IMMEDIATE_DATA) is { } verdict
        ? new NftImmediate(verdict)
        : new NftImmediate(data.Register(NfExpressionsH.NFTA_IMMEDIATE_DREG), data.Value(NfExpressionsH.NFTA_IMMEDIATE_DATA));

    internal override void Write(NetlinkWriter writer)
    {
        if (Verdict is { } verdict)
        {
            writer.PutBigEndian(NfExpressionsH.NFTA_IMMEDIATE_DREG, NfTablesH.NFT_REG_VERDICT);
            writer.PutVerdict(NfExpressionsH.NFTA_IMMEDIATE_DATA, verdict);
            return;
        }

        writer.PutRegister(NfExpressionsH.NFTA_IMMEDIATE_DREG, Register);
        writer.PutData(NfExpressionsH.NFTA_IMMEDIATE_DATA, Value);
    }
}
