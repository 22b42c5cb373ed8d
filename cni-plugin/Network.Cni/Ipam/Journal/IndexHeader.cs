using System.Buffers.Binary;

namespace Network.Cni.Ipam.Journal;

/// <summary>What tells whether a journal is still the one that was indexed: any other writing changes at least one of these.</summary>
/// <param name="Written">Time of the last change, in nanoseconds since 1970.</param>
/// <param name="Tail">The last bytes.</param>
internal readonly record struct JournalStamp(long Length, long Written, UInt128 Tail);

/// <summary>The first bytes of the index.</summary>
internal sealed class IndexHeader
{
    internal const int Size = 512;
    private const ulong Magic = 0x3178_6469_7465_6e70;

    // Pods have an address of each list of ranges; of more lists than this, the oldest begins its round anew.
    private const int MostLast = 16;
    private const int LastAt = 80, LastSize = 24, ChecksumAt = Size - sizeof(uint);

    internal required UInt128 Boot { get; init; }

    /// <summary>Pages of each of the two tables.</summary>
    internal required int Pages { get; init; }

    internal JournalStamp Stamp { get; set; }

    /// <summary>Leases in force.</summary>
    internal int Live { get; set; }

    /// <summary>Lines of the journal.</summary>
    internal int Records { get; set; }

    /// <summary>The addresses granted most recently, the newest last; of each set of ranges at most one.</summary>
    internal List<Ip> Last { get; } = [];

    internal void Remember(Ip granted, IReadOnlyList<RangeSet> sets)
    {
        Last.RemoveAll(last => last == granted || sets.Any(set => set.RangeOf(last) is not null && set.RangeOf(granted) is not null));
        if (Last.Count == MostLast)
            Last.RemoveAt(0);
        Last.Add(granted);
    }

    internal byte[] ToBytes()
    {
        var bytes = new byte[Size];
        var at = bytes.AsSpan();
        BinaryPrimitives.WriteUInt64LittleEndian(at, Magic);
        BinaryPrimitives.WriteUInt128LittleEndian(at[8..], Boot);
        BinaryPrimitives.WriteInt64LittleEndian(at[24..], Stamp.Length);
        BinaryPrimitives.WriteInt64LittleEndian(at[32..], Stamp.Written);
        BinaryPrimitives.WriteUInt128LittleEndian(at[40..], Stamp.Tail);
        BinaryPrimitives.WriteInt32LittleEndian(at[56..], Pages);
        BinaryPrimitives.WriteInt32LittleEndian(at[60..], Live);
        BinaryPrimitives.WriteInt32LittleEndian(at[64..], Records);
        BinaryPrimitives.WriteInt32LittleEndian(at[68..], Last.Count);
        for (var i = 0; i < Last.Count; i++)
            BinaryPrimitives.WriteUInt128LittleEndian(at[(LastAt + (i * LastSize))..], Last[i].Number);
        BinaryPrimitives.WriteUInt32LittleEndian(at[ChecksumAt..], Crc32C.Of(at[..ChecksumAt]));
        return bytes;
    }

    /// <summary>Null for anything but what <see cref="ToBytes"/> wrote.</summary>
    internal static IndexHeader? TryParse(ReadOnlySpan<byte> at)
    {
        if (at.Length != Size || BinaryPrimitives.ReadUInt64LittleEndian(at) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(at[ChecksumAt..]) != Crc32C.Of(at[..ChecksumAt]))
            return null;
        var header = new IndexHeader
        {
            Boot = BinaryPrimitives.ReadUInt128LittleEndian(at[8..]),
            Stamp = new JournalStamp(BinaryPrimitives.ReadInt64LittleEndian(at[24..]), BinaryPrimitives.ReadInt64LittleEndian(at[32..]),
                BinaryPrimitives.ReadUInt128LittleEndian(at[40..])),
            Pages = BinaryPrimitives.ReadInt32LittleEndian(at[56..]),
            Live = BinaryPrimitives.ReadInt32LittleEndian(at[60..]),
            Records = BinaryPrimitives.ReadInt32LittleEndian(at[64..]),
        };
        for (var i = 0; i < BinaryPrimitives.ReadInt32LittleEndian(at[68..]); i++)
            header.Last.Add(new Ip(BinaryPrimitives.ReadUInt128LittleEndian(at[(LastAt + (i * LastSize))..])));
        return header;
    }
}
