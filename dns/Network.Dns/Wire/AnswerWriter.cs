using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Network.Dns.Wire;

/// <summary>What an answer needs to know beside its records.</summary>
/// <param name="Client">Who asked, for cookies.</param>
public readonly record struct AnswerContext(IPAddress? Client, uint UnixTime);

/// <summary>Writes answers. What does not fit is left out and the TC bit tells the asker to come back by TCP.</summary>
public static class AnswerWriter
{
    /// <summary>UDP answers above this risk fragments on common paths (DNS flag day 2020).</summary>
    public const int MaxUdpSize = 1232;

    private const int OptLength = 11;

    /// <returns>Length of the message written.</returns>
    public static int Write(DnsQuery query, DnsAnswer answer, Span<byte> buffer, int limit, in AnswerContext context = default)
    {
        buffer = buffer[..Math.Min(limit, buffer.Length)];
        var room = query.HasEdns ? buffer[..^EdnsLength(query, answer)] : buffer;
        if (answer.Raw is { } raw)
            return WriteRaw(query, answer, raw, buffer, room.Length, context);
        BinaryPrimitives.WriteUInt16BigEndian(buffer, query.Id);
        query.Question.Span.CopyTo(buffer[DnsQuery.HeaderLength..]);
        var offset = DnsQuery.HeaderLength + query.Question.Length;
        var answers = WriteSection(answer.Answers, room, ref offset, out var truncated);
        var authorities = truncated ? 0 : WriteSection(answer.Authorities, room, ref offset, out truncated);
        // Leaving additional records out is no truncation (RFC 2181 9).
        var additionals = truncated ? 0 : WriteSection(answer.Additionals, room, ref offset, out _);
        if (query.HasEdns)
        {
            offset += WriteOpt(buffer[offset..], query, answer, context);
            additionals++;
        }

        buffer[2] = (byte)(0x80 | (answer.Authoritative ? 4 : 0) | (truncated ? 2 : 0) | (query.RecursionDesired ? 1 : 0));
        buffer[3] = (byte)(0x80 | ((int)answer.Code & 0x0F));
        DnsName.WriteUInt16(buffer, 4, 1);
        DnsName.WriteUInt16(buffer, 6, answers);
        DnsName.WriteUInt16(buffer, 8, authorities);
        DnsName.WriteUInt16(buffer, 10, additionals);
        return offset;
    }

    /// <summary>An answer to a packet that could not be read as a query: its id and a code, nothing else.</summary>
    public static int WriteRefusal(ReadOnlySpan<byte> packet, ResponseCode code, Span<byte> buffer)
    {
        buffer[..DnsQuery.HeaderLength].Clear();
        packet[..2].CopyTo(buffer);
        buffer[2] = (byte)(0x80 | (packet[2] & 0x79));
        buffer[3] = (byte)code;
        return DnsQuery.HeaderLength;
    }

    // An upstream's message, which has no OPT record of its own any more.
    private static int WriteRaw(DnsQuery query, DnsAnswer answer, byte[] raw, Span<byte> buffer, int room, in AnswerContext context)
    {
        var fits = raw.Length <= room;
        var length = fits ? raw.Length : DnsQuery.HeaderLength + query.Question.Length;
        raw.AsSpan(0, length).CopyTo(buffer);
        query.Question.Span.CopyTo(buffer[DnsQuery.HeaderLength..]);
        BinaryPrimitives.WriteUInt16BigEndian(buffer, query.Id);
        // The upstream's AA does not hold for us; RD is the asker's.
        buffer[2] = (byte)(0x80 | (query.RecursionDesired ? 1 : 0));
        if (!fits)
        {
            buffer[2] |= 2;
            buffer.Slice(6, 6).Clear();
        }

        if (!query.HasEdns)
            return length;
        DnsName.WriteUInt16(buffer, 10, BinaryPrimitives.ReadUInt16BigEndian(buffer[10..]) + 1);
        return length + WriteOpt(buffer[length..], query, answer, context);
    }

    private static int WriteSection(IReadOnlyList<ResourceRecord> records, Span<byte> buffer, ref int offset, out bool truncated)
    {
        truncated = false;
        for (var i = 0; i < records.Count; i++)
        {
            if (TryWrite(records[i], buffer, ref offset))
                continue;
            truncated = true;
            return i;
        }

        return records.Count;
    }

    private static bool TryWrite(ResourceRecord record, Span<byte> buffer, ref int offset)
    {
        var owner = record.WireOwner ?? (record.Owner is { } name ? DnsName.Encode(name) : null);
        var length = (owner?.Length ?? 2) + 10 + record.Data.Length;
        if (offset + length > buffer.Length)
            return false;
        var at = buffer[offset..];
        if (owner is not null)
            owner.CopyTo(at);
        else
            BinaryPrimitives.WriteUInt16BigEndian(at, 0xC000 | DnsQuery.HeaderLength);
        at = at[(owner?.Length ?? 2)..];
        BinaryPrimitives.WriteUInt16BigEndian(at, (ushort)record.Type);
        BinaryPrimitives.WriteUInt16BigEndian(at[2..], record.Class);
        BinaryPrimitives.WriteUInt32BigEndian(at[4..], record.Ttl);
        BinaryPrimitives.WriteUInt16BigEndian(at[8..], (ushort)record.Data.Length);
        record.Data.CopyTo(at[10..]);
        offset += length;
        return true;
    }

    private static int EdnsLength(DnsQuery query, DnsAnswer answer) =>
        OptLength + (query.ClientCookie.IsEmpty ? 0 : 4 + ServerCookie.Length) + (answer.Error is null ? 0 : 6) + SourceLength(query, answer);

    // What would crowd out the records is left unsaid.
    private static int SourceLength(DnsQuery query, DnsAnswer answer) =>
        query.WantsSource && answer.Source is { } source && Encoding.UTF8.GetByteCount(source) is <= 255 and var bytes ? 4 + bytes : 0;

    // Root owner, type OPT, class = our UDP size, then extended code, version 0, no flags, options (RFC 6891 6.1.2).
    private static int WriteOpt(Span<byte> buffer, DnsQuery query, DnsAnswer answer, in AnswerContext context)
    {
        buffer[..OptLength].Clear();
        DnsName.WriteUInt16(buffer, 1, (int)RecordType.OPT);
        DnsName.WriteUInt16(buffer, 3, MaxUdpSize);
        buffer[5] = (byte)((int)answer.Code >> 4);
        buffer[7] = (byte)(query.DnssecOk && answer.Signed ? 0x80 : 0);
        var length = OptLength;
        if (!query.ClientCookie.IsEmpty)
        {
            DnsName.WriteUInt16(buffer, length, EdnsOptions.Cookie);
            DnsName.WriteUInt16(buffer, length + 2, ServerCookie.Length);
            ServerCookie.Write(query.ClientCookie.Span, (context.Client ?? IPAddress.None).GetAddressBytes(), context.UnixTime, buffer[(length + 4)..]);
            length += 4 + ServerCookie.Length;
        }

        if (answer.Error is { } error)
        {
            DnsName.WriteUInt16(buffer, length, EdnsOptions.ExtendedError);
            DnsName.WriteUInt16(buffer, length + 2, 2);
            DnsName.WriteUInt16(buffer, length + 4, (int)error);
            length += 6;
        }

        if (SourceLength(query, answer) is > 4 and var source)
        {
            DnsName.WriteUInt16(buffer, length, EdnsOptions.Source);
            DnsName.WriteUInt16(buffer, length + 2, source - 4);
            Encoding.UTF8.GetBytes(answer.Source!, buffer.Slice(length + 4, source - 4));
            length += source;
        }

        DnsName.WriteUInt16(buffer, 9, length - OptLength);
        return length;
    }
}
