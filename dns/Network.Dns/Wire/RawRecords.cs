using System.Buffers.Binary;

namespace Network.Dns.Wire;

/// <summary>Records of another server's message that can stand in a message of ours: no name in them is a pointer any more (RFC 1035 4.1.4).</summary>
internal static class RawRecords
{
    /// <summary>Those of a section: 1 answer, 2 authority, 3 additional. What is malformed is left out.</summary>
    internal static IEnumerable<ResourceRecord> Of(byte[] message, int section)
    {
        var records = new List<RawMessage.RecordAt>();
        if (!RawMessage.TryWalk(message, records))
            return [];
        return records.Where(record => record.Section == section && record.Type != RecordType.OPT).Select(record => Read(message, record)).OfType<ResourceRecord>();
    }

    private static ResourceRecord? Read(ReadOnlySpan<byte> message, RawMessage.RecordAt record)
    {
        var start = record.Start;
        if (!TryExpand(message, ref start, out var owner) || Data(message, record) is not { } data)
            return null;
        return new ResourceRecord(WireName.ToText(owner), record.Type, BinaryPrimitives.ReadUInt32BigEndian(message[(record.Offset + 4)..]), data)
        {
            Class = BinaryPrimitives.ReadUInt16BigEndian(message[(record.Offset + 2)..]), WireOwner = owner,
        };
    }

    // Bytes before the names, and how many names: the types whose names may be compressed (RFC 1035 3.3, RFC 3597 4).
    private static (int Before, int Names) Layout(RecordType type) => (ushort)type switch
    {
        2 or 3 or 4 or 5 or 7 or 8 or 9 or 12 or 39 => (0, 1),
        6 or 14 or 17 => (0, 2),
        15 or 18 or 21 or 36 => (2, 1),
        33 => (6, 1),
        _ => (0, 0),
    };

    private static byte[]? Data(ReadOnlySpan<byte> message, RawMessage.RecordAt record)
    {
        var (at, end) = (record.Offset + 10, record.End);
        var (before, names) = Layout(record.Type);
        if (names == 0)
            return message[at..end].ToArray();
        if (at + before > end)
            return null;
        var data = new List<byte>(message.Slice(at, before).ToArray());
        at += before;
        for (var i = 0; i < names; i++)
        {
            if (!TryExpand(message, ref at, out var name) || at > end)
                return null;
            data.AddRange(name);
        }

        data.AddRange(message[at..end]);
        return [.. data];
    }

    /// <summary>The name at an offset in full, and the offset behind it. Pointers lead backwards only, so every walk ends.</summary>
    internal static bool TryExpand(ReadOnlySpan<byte> message, ref int offset, out byte[] name)
    {
        name = [];
        var found = new List<byte>(64);
        var (at, behind, lowest) = (offset, -1, offset);
        while (at < message.Length)
        {
            int length = message[at];
            if ((length & 0xC0) == 0xC0)
            {
                if (at + 1 >= message.Length)
                    return false;
                behind = behind < 0 ? at + 2 : behind;
                at = ((length & 0x3F) << 8) | message[at + 1];
                if (at >= lowest)
                    return false;
                lowest = at;
                continue;
            }

            if (length > 63 || at + 1 + length > message.Length || found.Count + 1 + length > DnsName.MaxWireLength)
                return false;
            found.AddRange(message.Slice(at, length + 1));
            at += length + 1;
            if (length > 0)
                continue;
            (offset, name) = (behind < 0 ? at : behind, [.. found]);
            return true;
        }

        return false;
    }
}
