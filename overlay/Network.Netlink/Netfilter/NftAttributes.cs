using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Netfilter;

/// <summary>Attributes of one object, found by type. Numbers of nf_tables are in network order.</summary>
internal readonly ref struct NftAttributes(ReadOnlySpan<byte> attributes)
{
    private const int None = -1;
    private readonly ReadOnlySpan<byte> _attributes = attributes;

    internal bool Has(ushort type) => TryFind(type, out _);

    internal bool TryFind(ushort type, out NetlinkAttribute found)
    {
        var reader = new AttributeReader(_attributes);
        while (reader.TryNext(out found))
        {
            if (found.Type == type)
                return true;
        }

        return false;
    }

    internal uint Number(ushort type) => TryFind(type, out var found) && found.TryGetBigEndian(out uint value) ? value : 0;

    internal ulong Long(ushort type) => TryFind(type, out var found) && found.TryGetBigEndian(out ulong value) ? value : 0;

    internal ushort Short(ushort type) => TryFind(type, out var found) && found.TryGetBigEndian(out ushort value) ? value : (ushort)0;

    internal byte Byte(ushort type) => TryFind(type, out var found) && found.TryGet(out byte value) ? value : (byte)0;

    internal string Text(ushort type) => TryFind(type, out var found) ? found.GetText() : "";

    internal NftAttributes Nested(ushort type) => TryFind(type, out var found) ? new NftAttributes(found.Value) : default;

    /// <summary>A value within its NFTA_DATA wrapper.</summary>
    internal NftValue Value(ushort type) => Nested(type).TryFind(NfTablesH.NFTA_DATA_VALUE, out var value) ? new NftValue(value.Value) : default;

    internal NftVerdict? Verdict(ushort type)
    {
        if (!Nested(type).TryFind(NfTablesH.NFTA_DATA_VERDICT, out var found))
            return null;
        var verdict = new NftAttributes(found.Value);
        return new NftVerdict((int)verdict.Number(NfTablesH.NFTA_VERDICT_CODE),
            verdict.TryFind(NfTablesH.NFTA_VERDICT_CHAIN, out var chain) ? chain.GetText() : null);
    }

    internal string? Comment(ushort type, byte kind = NftUserData.Comment) => TryFind(type, out var data) ? NftUserData.Read(data.Value, kind) : null;

    internal TimeSpan Milliseconds(ushort type) => TimeSpan.FromMilliseconds(Math.Min(Long(type), (ulong)TimeSpan.MaxValue.TotalMilliseconds / 2));

    /// <summary>The word a register begins at; the kernel names four of sixteen by the old numbers 1 to 4.</summary>
    internal int Register(ushort type) => TryFind(type, out var found) && found.TryGetBigEndian(out uint value)
        ? value switch
        {
            >= NfTablesH.NFT_REG_1 and <= NfTablesH.NFT_REG_4 => (int)(value - NfTablesH.NFT_REG_1) * (NfTablesH.NFT_REG_SIZE / NfTablesH.NFT_REG32_SIZE),
            >= NfTablesH.NFT_REG32_00 and <= NfTablesH.NFT_REG32_15 => (int)(value - NfTablesH.NFT_REG32_00),
            _ => None,
        }
        : None;
}
