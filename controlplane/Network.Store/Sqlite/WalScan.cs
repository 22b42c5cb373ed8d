using System.Buffers.Binary;

namespace Network.Store.Sqlite;

/// <summary>
/// SQLite ends its write-ahead log at the first frame that does not match its checksum and calls the rest a torn write.
/// That is right for the last transaction, which nobody was told of; but if whole transactions follow, acknowledged writes
/// would vanish without a word. Format: https://www.sqlite.org/fileformat2.html#walformat.
///
///   header, 32 bytes: magic, version, page size, sequence, salt1, salt2, checksum1, checksum2
///   frame: page number, pages after commit (0: no commit), salt1, salt2, checksum1, checksum2, page
/// </summary>
internal static class WalScan
{
    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 24;
    private const uint MagicLittle = 0x377f0682;

    internal static void Check(string path)
    {
        var wal = path + "-wal";
        if (!File.Exists(wal))
            return;
        using var file = File.OpenRead(wal);
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
            return;
        var little = Big(header, 0) == MagicLittle;
        var pageSize = (int)Big(header, 8);
        var (sum1, sum2) = Sum(header[..24], (0, 0), little);
        var whole = (Big(header, 0) & ~1u) == MagicLittle && pageSize is >= 512 and <= 65536 && (sum1, sum2) == (Big(header, 24), Big(header, 28));
        if (!whole)
        {
            // Written and synced before the first commit, so a header that is wrong loses whatever follows it.
            if (file.Length > HeaderBytes)
                throw JournalFile.Damaged(path, "the header of its write-ahead log does not match its checksum");
            return;
        }

        if (LostCommits(file, header, pageSize, (sum1, sum2), little) > 1)
            throw JournalFile.Damaged(path, "its write-ahead log is broken before its last transactions");
    }

    // Commits of this log's generation from its first broken frame on.
    private static int LostCommits(FileStream file, ReadOnlySpan<byte> header, int pageSize, (uint, uint) sum, bool little)
    {
        var frame = new byte[FrameHeaderBytes + pageSize];
        var (broken, lost) = (false, 0);
        while (file.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length)
        {
            var ofThisLog = frame.AsSpan(8, 8).SequenceEqual(header[16..24]);
            if (!broken)
            {
                sum = Sum(frame.AsSpan(0, 8), sum, little);
                sum = Sum(frame.AsSpan(FrameHeaderBytes), sum, little);
                broken = !ofThisLog || sum != (Big(frame, 16), Big(frame, 20));
            }

            if (broken && ofThisLog && Big(frame, 4) != 0)
                lost++;
        }

        return lost;
    }

    private static (uint, uint) Sum(ReadOnlySpan<byte> bytes, (uint, uint) sum, bool little)
    {
        var (first, second) = sum;
        for (var i = 0; i < bytes.Length; i += 8)
        {
            first += (little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[i..]) : BinaryPrimitives.ReadUInt32BigEndian(bytes[i..])) + second;
            second += (little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i + 4)..]) : BinaryPrimitives.ReadUInt32BigEndian(bytes[(i + 4)..])) + first;
        }

        return (first, second);
    }

    private static uint Big(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
}
