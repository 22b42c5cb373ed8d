using Network.Netlink.Interop;

namespace Network.Netlink.Netfilter;

/// <summary>What becomes of a packet, or where it goes on.</summary>
/// <param name="Chain">The target of a jump or goto.</param>
public readonly record struct NftVerdict(int Code, string? Chain = null)
{
    public static NftVerdict Accept { get; } = new(NetfilterH.NF_ACCEPT);

    public static NftVerdict Drop { get; } = new(NetfilterH.NF_DROP);

    public static NftVerdict Return { get; } = new(NfTablesH.NFT_RETURN);

    public bool IsJump => Code == NfTablesH.NFT_JUMP;

    public bool IsGoto => Code == NfTablesH.NFT_GOTO;

    /// <summary>Comes back when the chain ends.</summary>
    public static NftVerdict Jump(string chain) => new(NfTablesH.NFT_JUMP, chain);

    /// <summary>Does not come back.</summary>
    public static NftVerdict Goto(string chain) => new(NfTablesH.NFT_GOTO, chain);

    public override string ToString() => Code switch
    {
        NetfilterH.NF_ACCEPT => "accept",
        NetfilterH.NF_DROP => "drop",
        NfTablesH.NFT_RETURN => "return",
        NfTablesH.NFT_CONTINUE => "continue",
        NfTablesH.NFT_JUMP => $"jump {Chain}",
        NfTablesH.NFT_GOTO => $"goto {Chain}",
        _ => $"verdict {Code}",
    };
}
