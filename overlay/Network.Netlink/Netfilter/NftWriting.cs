using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter;

/// <summary>The attribute forms that only nf_tables has.</summary>
internal static class NftWriting
{
    extension(NetlinkWriter writer)
    {
        internal void PutRegister(ushort type, int word)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)word, NfTablesH.NFT_REG32_15 - NfTablesH.NFT_REG32_00, nameof(word));
            writer.PutBigEndian(type, NfTablesH.NFT_REG32_00 + (uint)word);
        }

        internal void PutOptionalRegister(ushort type, int? word)
        {
            if (word is { } given)
                writer.PutRegister(type, given);
        }

        internal void PutData(ushort type, NftValue value)
        {
            using (writer.Nest(type))
                writer.Put(NfTablesH.NFTA_DATA_VALUE, value.Bytes);
        }

        internal void PutVerdict(ushort type, NftVerdict verdict)
        {
            using (writer.Nest(type))
            using (writer.Nest(NfTablesH.NFTA_DATA_VERDICT))
            {
                writer.PutBigEndian(NfTablesH.NFTA_VERDICT_CODE, (uint)verdict.Code);
                if (verdict.Chain is { } chain)
                    writer.Put(NfTablesH.NFTA_VERDICT_CHAIN, chain);
            }
        }

        internal void PutComment(ushort type, string? comment, byte kind = NftUserData.Comment)
        {
            if (comment is null)
                return;
            Span<byte> buffer = stackalloc byte[NftUserData.MostCommentBytes + 3];
            writer.Put(type, buffer[..NftUserData.Write(comment, buffer, kind)]);
        }

        internal void PutOptional(ushort type, uint value)
        {
            if (value != 0)
                writer.PutBigEndian(type, value);
        }

        internal void PutMilliseconds(ushort type, TimeSpan time)
        {
            if (time > TimeSpan.Zero)
                writer.PutBigEndian(type, (ulong)time.TotalMilliseconds);
        }
    }
}
