using System.Buffers.Binary;
using Network.Dns.Wire;

namespace Network.Dns.Hot;

/// <summary>
/// All records of one type under one name, encoded for the place right behind the question: owners are pointers to the
/// question's name, names in the additional section point into the answer where they can.
/// </summary>
internal sealed class RecordSet
{
    private RecordSet(RecordType type, byte[] answers, int count, byte[] additionals, int additionalCount)
    {
        (Type, Answers, Count, Additionals, AdditionalCount) = (type, answers, count, additionals, additionalCount);
        Stride = StrideOf(answers, count);
    }

    internal RecordType Type { get; }

    internal byte[] Answers { get; }

    internal int Count { get; }

    internal byte[] Additionals { get; }

    internal int AdditionalCount { get; }

    /// <summary>Bytes of one record when all have as many, else 0.</summary>
    internal int Stride { get; }

    /// <param name="nameLength">Bytes of the owner's name on the wire.</param>
    internal static RecordSet Encode(int nameLength, IReadOnlyList<ResourceRecord> answers, IReadOnlyList<ResourceRecord> additionals)
    {
        var start = DnsQuery.HeaderLength + nameLength + 4;
        var body = new List<byte>();
        var targets = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var record in answers)
        {
            Append(body, 0xC000 | DnsQuery.HeaderLength, null, record);
            // Priority, weight and port stand before the target (RFC 2782). A pointer reaches 16 kB (RFC 1035 4.1.4).
            var target = start + body.Count - record.Data.Length + 6;
            if (record.Type == RecordType.SRV && target < 0x4000)
                targets.TryAdd(WireName.ToText(record.Data.AsSpan(6)), target);
        }

        var more = new List<byte>();
        foreach (var record in additionals)
        {
            var known = targets.GetValueOrDefault(record.Owner!.TrimEnd('.'));
            Append(more, known == 0 ? 0 : 0xC000 | known, known == 0 ? record.WireOwner ?? DnsName.Encode(record.Owner) : null, record);
        }

        return new RecordSet(answers[0].Type, [.. body], answers.Count, [.. more], additionals.Count);
    }

    internal bool Equals(RecordSet other) => Type == other.Type && Answers.AsSpan().SequenceEqual(other.Answers) && Additionals.AsSpan().SequenceEqual(other.Additionals);

    /// <summary>The records as the chain speaks of them.</summary>
    internal (List<ResourceRecord> Answers, List<ResourceRecord> Additionals) Decode(string owner) =>
        (Decode(Answers, Count, _ => null), Decode(Additionals, AdditionalCount, record => OwnerOf(record, owner)));

    private static void Append(List<byte> body, int pointer, byte[]? owner, ResourceRecord record)
    {
        Span<byte> head = stackalloc byte[10];
        if (owner is null)
        {
            BinaryPrimitives.WriteUInt16BigEndian(head, (ushort)pointer);
            body.AddRange(head[..2]);
        }
        else
        {
            body.AddRange(owner);
        }

        BinaryPrimitives.WriteUInt16BigEndian(head, (ushort)record.Type);
        BinaryPrimitives.WriteUInt16BigEndian(head[2..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(head[4..], record.Ttl);
        BinaryPrimitives.WriteUInt16BigEndian(head[8..], (ushort)record.Data.Length);
        body.AddRange(head);
        body.AddRange(record.Data);
    }

    private static List<ResourceRecord> Decode(byte[] records, int count, Func<ReadOnlySpan<byte>, string?> owner)
    {
        var list = new List<ResourceRecord>(count);
        ReadOnlySpan<byte> rest = records;
        for (var i = 0; i < count; i++)
        {
            var at = OwnerLength(rest);
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest[(at + 8)..]);
            list.Add(new ResourceRecord(owner(rest), (RecordType)BinaryPrimitives.ReadUInt16BigEndian(rest[at..]),
                BinaryPrimitives.ReadUInt32BigEndian(rest[(at + 4)..]), rest.Slice(at + 10, length).ToArray()));
            rest = rest[(at + 10 + length)..];
        }

        return list;
    }

    private string? OwnerOf(ReadOnlySpan<byte> record, string owner)
    {
        if ((record[0] & 0xC0) != 0xC0)
            return WireName.ToText(record[..OwnerLength(record)]);
        var start = DnsQuery.HeaderLength + DnsName.Encode(owner).Length + 4;
        return WireName.ToText(Answers.AsSpan((BinaryPrimitives.ReadUInt16BigEndian(record) & 0x3FFF) - start));
    }

    /// <summary>Bytes of a record's owner: a pointer, or a name in full.</summary>
    internal static int OwnerLength(ReadOnlySpan<byte> record) => (record[0] & 0xC0) == 0xC0 ? 2 : WireName.Measure(record, 0);

    /// <summary>Bytes of the record at the start.</summary>
    internal static int LengthOf(ReadOnlySpan<byte> record)
    {
        var at = OwnerLength(record);
        return at + 10 + BinaryPrimitives.ReadUInt16BigEndian(record[(at + 8)..]);
    }

    private static int StrideOf(ReadOnlySpan<byte> records, int count)
    {
        if (count == 0)
            return 0;
        var first = LengthOf(records);
        if (first * count != records.Length)
            return 0;
        for (var i = 1; i < count; i++)
        {
            if (LengthOf(records[(i * first)..]) != first)
                return 0;
        }

        return first;
    }
}
