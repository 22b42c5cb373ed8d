using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter.Expressions;

/// <summary>
/// A match or target of xtables within nf_tables (nft_compat): what iptables-nft writes for what nf_tables has no words for.
/// </summary>
/// <param name="IsTarget">Else a match.</param>
/// <param name="Extension">Its name: <c>comment</c>, <c>DNAT</c>.</param>
/// <param name="Info">The extension's own structure of that revision; zeros at its end mean nothing.</param>
public sealed record NftExtension(bool IsTarget, string Extension, uint Revision, NftValue Info) : NftExpression
{
    internal override string Name => IsTarget ? "target" : "match";

    // A target's attributes have the numbers of a match's.
    internal static NftExtension Parse(string name, NftAttributes data) => new(name == "target", data.Text(NfExpressionsH.NFTA_MATCH_NAME),
        data.Number(NfExpressionsH.NFTA_MATCH_REV), data.TryFind(NfExpressionsH.NFTA_MATCH_INFO, out var info) ? new NftValue(info.Value) : default);

    internal override void Write(NetlinkWriter writer)
    {
        writer.Put(NfExpressionsH.NFTA_MATCH_NAME, Extension);
        writer.PutBigEndian(NfExpressionsH.NFTA_MATCH_REV, Revision);
        writer.Put(NfExpressionsH.NFTA_MATCH_INFO, Info.Bytes);
    }

    // The kernel gives back as much as it keeps, which may be padded.
    internal override bool SameAs(NftExpression other) => other is NftExtension extension && extension.IsTarget == IsTarget && extension.Extension == Extension
        && extension.Revision == Revision && extension.Info.Bytes.TrimEnd((byte)0).SequenceEqual(Info.Bytes.TrimEnd((byte)0));
}
