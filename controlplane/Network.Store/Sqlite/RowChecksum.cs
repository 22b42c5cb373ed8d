using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Network.Store.Sqlite;

/// <summary>
/// CRC-32C (RFC 3720, appendix B.4) over every column of a row: SQLite checks the shape of its pages, not what stands in
/// them. It finds every flipped bit, and runs in hardware.
/// </summary>
internal static class RowChecksum
{
    internal static long Of(in JournalRow row)
    {
        var crc = uint.MaxValue;
        foreach (var number in (ReadOnlySpan<long>)[row.Revision, row.Deleted ? 1 : 0, row.CreateRevision, row.PreviousRevision, row.ExpiresAt, row.WrittenAt])
            crc = BitOperations.Crc32C(crc, (ulong)number);
        Span<byte> key = row.Key.Length <= 256 ? stackalloc byte[3 * 256] : new byte[3 * row.Key.Length];
        crc = Add(crc, key[..Encoding.UTF8.GetBytes(row.Key, key)]);
        return Add(crc, row.Value);
    }

    internal static long Of(ReadOnlySpan<long> numbers)
    {
        var crc = uint.MaxValue;
        foreach (var number in numbers)
            crc = BitOperations.Crc32C(crc, (ulong)number);
        return crc;
    }

    private static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return crc;
    }
}
