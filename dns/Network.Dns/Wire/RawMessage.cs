using System.Buffers.Binary;

namespace Network.Dns.Wire;

/// <summary>Reading other servers' messages as they are, record by record.</summary>
public static class RawMessage
{
    /// <summary>Where the records of a message stand.</summary>
    /// <param name="Offset">Of the type, behind the owner.</param>
    /// <param name="Section">1 answer, 2 authority, 3 additional.</param>
    public readonly record struct RecordAt(int Start, int Offset, int End, RecordType Type, int Section);

    /// <summary>All records in their order; false when the message is malformed.</summary>
    public static bool TryWalk(ReadOnlySpan<byte> message, List<RecordAt> records)
    {
        if (message.Length < DnsQuery.HeaderLength)
            return false;
        var offset = DnsQuery.HeaderLength;
        for (var i = Count(message, 4); i > 0; i--)
        {
            if (!DnsName.TrySkip(message, ref offset) || (offset += 4) > message.Length)
                return false;
        }

        for (var section = 1; section <= 3; section++)
        {
            for (var i = Count(message, 4 + (2 * section)); i > 0; i--)
            {
                var start = offset;
                if (!DnsName.TrySkip(message, ref offset) || offset + 10 > message.Length)
                    return false;
                var at = offset;
                offset += 10 + BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
                if (offset > message.Length)
                    return false;
                records.Add(new RecordAt(start, at, offset, (RecordType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]), section));
            }
        }

        return true;
    }

    /// <summary>
    /// The message without its OPT record, which belongs to one hop only (RFC 6891 6.1.1). Additional records behind it go too:
    /// their pointers would lead astray.
    /// </summary>
    public static byte[] WithoutEdns(byte[] message, IReadOnlyList<RecordAt> records)
    {
        var opt = records.FirstOrDefault(record => record is { Type: RecordType.OPT, Section: 3 });
        if (opt == default)
            return message;
        var kept = message[..opt.Start];
        BinaryPrimitives.WriteUInt16BigEndian(kept.AsSpan(10), (ushort)records.Count(record => record.Section == 3 && record.Start < opt.Start));
        return kept;
    }

    private static int Count(ReadOnlySpan<byte> message, int offset) => BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);
}
