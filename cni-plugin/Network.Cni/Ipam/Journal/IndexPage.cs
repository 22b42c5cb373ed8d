using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Network.Cni.Ipam.Journal;

/// <summary>
/// A page of the index: keys and where their lines begin in the journal, in no order. Checksum (4 bytes), number of entries (4),
/// number of the page (8), entries of key (16) and offset (8).
/// </summary>
internal sealed class IndexPage(long number)
{
    internal const int Size = 4096;

    /// <summary>Entries that fit.</summary>
    internal const int Capacity = (Size - EntriesAt) / EntrySize;

    private const int EntriesAt = 16, EntrySize = 24, OffsetAt = 16, CountAt = 4, NumberAt = 8;
    private readonly byte[] _bytes = new byte[Size];

    private int Count
    {
        get => BinaryPrimitives.ReadInt32LittleEndian(_bytes.AsSpan(CountAt));
        set => BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(CountAt), value);
    }

    /// <exception cref="InvalidDataException">The page is not what was written.</exception>
    internal static IndexPage Read(SafeFileHandle file, long number)
    {
        var page = new IndexPage(number);
        if (RandomAccess.Read(file, page._bytes, number * Size) != Size
            || Crc32C.Of(page._bytes.AsSpan(CountAt)) != BinaryPrimitives.ReadUInt32LittleEndian(page._bytes)
            || BinaryPrimitives.ReadInt64LittleEndian(page._bytes.AsSpan(NumberAt)) != number || page.Count is < 0 or > Capacity)
            throw new InvalidDataException($"page {number} of the index is damaged");
        return page;
    }

    internal void Write(SafeFileHandle file) => RandomAccess.Write(file, Seal(), number * Size);

    internal ReadOnlySpan<byte> Seal()
    {
        BinaryPrimitives.WriteInt64LittleEndian(_bytes.AsSpan(NumberAt), number);
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes, Crc32C.Of(_bytes.AsSpan(CountAt)));
        return _bytes;
    }

    internal void CollectOffsets(UInt128 key, List<uint> found)
    {
        for (var i = 0; i < Count; i++)
        {
            if (KeyAt(i) == key)
                found.Add(OffsetOf(i));
        }
    }

    internal bool Contains(UInt128 key)
    {
        for (var i = 0; i < Count; i++)
        {
            if (KeyAt(i) == key)
                return true;
        }

        return false;
    }

    /// <returns>False when the page is full.</returns>
    internal bool TryAdd(UInt128 key, uint offset)
    {
        if (Count == Capacity)
            return false;
        var entry = EntryAt(Count++);
        BinaryPrimitives.WriteUInt128LittleEndian(entry, key);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[OffsetAt..], offset);
        return true;
    }

    internal void Remove(UInt128 key, uint offset)
    {
        for (var i = 0; i < Count; i++)
        {
            if (KeyAt(i) != key || OffsetOf(i) != offset)
                continue;
            EntryAt(Count - 1).CopyTo(EntryAt(i));
            Count--;
            return;
        }
    }

    private Span<byte> EntryAt(int i) => _bytes.AsSpan(EntriesAt + (i * EntrySize), EntrySize);

    private UInt128 KeyAt(int i) => BinaryPrimitives.ReadUInt128LittleEndian(EntryAt(i));

    private uint OffsetOf(int i) => (uint)BinaryPrimitives.ReadUInt64LittleEndian(EntryAt(i)[OffsetAt..]);
}
