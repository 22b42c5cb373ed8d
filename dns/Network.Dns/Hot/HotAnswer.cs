using System.Buffers.Binary;
using Network.Dns.Wire;

namespace Network.Dns.Hot;

/// <summary>Writes answers from finished records. What does not fit sets TC; additional records are left out silently (RFC 2181 9).</summary>
internal static class HotAnswer
{
    private const int OptLength = 11;

    /// <summary>Answers with all records of a set, beginning at another one each time, because clients tend to take the first.</summary>
    internal static void Write(ref HotQuery query, RecordSet set, uint rotation)
    {
        var room = Begin(ref query);
        var (answers, length) = Fit(set.Answers, set.Stride, set.Count, room);
        if (set.Stride > 0 && answers == set.Count && set.Count > 1)
        {
            var first = (int)(rotation % (uint)set.Count) * set.Stride;
            set.Answers.AsSpan(first).CopyTo(query.Output[query.Written..]);
            set.Answers.AsSpan(0, first).CopyTo(query.Output[(query.Written + set.Answers.Length - first)..]);
        }
        else
        {
            set.Answers.AsSpan(0, length).CopyTo(query.Output[query.Written..]);
        }

        query.Written += length;
        var additionals = 0;
        if (set.AdditionalCount > 0 && answers == set.Count)
        {
            (additionals, length) = Fit(set.Additionals, 0, set.AdditionalCount, room - length);
            set.Additionals.AsSpan(0, length).CopyTo(query.Output[query.Written..]);
            query.Written += length;
        }

        Finish(ref query, ResponseCode.NoError, answers < set.Count, (answers, 0, additionals));
    }

    /// <summary>One address record made on the spot.</summary>
    internal static void WriteAddress(ref HotQuery query, DashedAddress address, uint ttl)
    {
        Begin(ref query);
        var record = query.Output[query.Written..];
        BinaryPrimitives.WriteUInt16BigEndian(record, 0xC000 | DnsQuery.HeaderLength);
        var length = DashedAddress.Write(address, record[12..]);
        BinaryPrimitives.WriteUInt16BigEndian(record[2..], (ushort)(length == 4 ? RecordType.A : RecordType.AAAA));
        BinaryPrimitives.WriteUInt16BigEndian(record[4..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(record[6..], ttl);
        BinaryPrimitives.WriteUInt16BigEndian(record[10..], (ushort)length);
        query.Written += 12 + length;
        Finish(ref query, ResponseCode.NoError, truncated: false, (1, 0, 0));
    }

    /// <summary>"Not this type" or "no such name", with the zone's SOA (RFC 2308). The zone is the end of the question's name.</summary>
    internal static void WriteNegative(ref HotQuery query, ResponseCode code, int zoneLength, uint serial, uint ttl)
    {
        Begin(ref query);
        var record = query.Output[query.Written..];
        var zone = (ushort)(0xC000 | (DnsQuery.HeaderLength + query.Name.Length - zoneLength));
        BinaryPrimitives.WriteUInt16BigEndian(record, zone);
        BinaryPrimitives.WriteUInt16BigEndian(record[2..], (ushort)RecordType.SOA);
        BinaryPrimitives.WriteUInt16BigEndian(record[4..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(record[6..], ttl);
        var data = record[12..];
        var names = Name(data, "\x0002ns\x0003dns"u8, zone);
        names += Name(data[names..], "\x000ahostmaster"u8, zone);
        BinaryPrimitives.WriteUInt32BigEndian(data[names..], serial);
        BinaryPrimitives.WriteUInt32BigEndian(data[(names + 4)..], ResourceRecord.Refresh);
        BinaryPrimitives.WriteUInt32BigEndian(data[(names + 8)..], ResourceRecord.Retry);
        BinaryPrimitives.WriteUInt32BigEndian(data[(names + 12)..], ResourceRecord.Expire);
        BinaryPrimitives.WriteUInt32BigEndian(data[(names + 16)..], ttl);
        BinaryPrimitives.WriteUInt16BigEndian(record[10..], (ushort)(names + 20));
        query.Written += 12 + names + 20;
        Finish(ref query, code, truncated: false, (0, 1, 0));
    }

    /// <summary>A finished message of somebody else's, without OPT record; only TC and the question when it does not fit.</summary>
    /// <returns>False when it did not fit.</returns>
    internal static bool WriteMessage(ref HotQuery query, ReadOnlySpan<byte> message, ResponseCode code)
    {
        var room = query.Output.Length - EdnsLength(query);
        var fits = message.Length <= room;
        query.Written = fits ? message.Length : query.QuestionEnd;
        message[..query.Written].CopyTo(query.Output);
        query.Question.CopyTo(query.Output[DnsQuery.HeaderLength..]);
        query.Packet[..2].CopyTo(query.Output);
        // The upstream's AA does not hold for us; RD is the asker's.
        query.Output[2] = (byte)(0x80 | (fits ? 0 : 2) | (query.Packet[2] & 1));
        if (!fits)
            query.Output.Slice(6, 6).Clear();
        query.Code = code;
        if (!query.HasEdns)
            return fits;
        WriteOpt(ref query, code);
        BinaryPrimitives.WriteUInt16BigEndian(query.Output[10..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(query.Output[10..]) + 1));
        return fits;
    }

    /// <summary>Only a code.</summary>
    internal static void WriteCode(ref HotQuery query, ResponseCode code)
    {
        Begin(ref query);
        Finish(ref query, code, truncated: false, (0, 0, 0), authoritative: false);
    }

    // The question as it came, so that the asker's capitals return (RFC 4343). Returns the room for records.
    private static int Begin(ref HotQuery query)
    {
        query.Question.CopyTo(query.Output[DnsQuery.HeaderLength..]);
        query.Written = query.QuestionEnd;
        return query.Output.Length - query.Written - EdnsLength(query);
    }

    private static int EdnsLength(in HotQuery query) =>
        !query.HasEdns ? 0 : OptLength + (query.ClientCookie.IsEmpty ? 0 : 4 + ServerCookie.Length) + (query.Error is null ? 0 : 6);

    private static void Finish(ref HotQuery query, ResponseCode code, bool truncated, (int Answers, int Authorities, int Additionals) counts, bool authoritative = true)
    {
        var output = query.Output;
        if (query.HasEdns)
        {
            counts.Additionals++;
            WriteOpt(ref query, code);
        }

        query.Packet[..2].CopyTo(output);
        output[2] = (byte)(0x80 | (authoritative ? 4 : 0) | (truncated ? 2 : 0) | (query.Packet[2] & 1));
        output[3] = (byte)(0x80 | ((int)code & 0x0F));
        BinaryPrimitives.WriteUInt16BigEndian(output[4..], 1);
        BinaryPrimitives.WriteUInt16BigEndian(output[6..], (ushort)counts.Answers);
        BinaryPrimitives.WriteUInt16BigEndian(output[8..], (ushort)counts.Authorities);
        BinaryPrimitives.WriteUInt16BigEndian(output[10..], (ushort)counts.Additionals);
        query.Code = code;
    }

    private static void WriteOpt(ref HotQuery query, ResponseCode code)
    {
        var opt = query.Output[query.Written..];
        opt[..OptLength].Clear();
        opt[2] = (byte)RecordType.OPT;
        BinaryPrimitives.WriteUInt16BigEndian(opt[3..], AnswerWriter.MaxUdpSize);
        opt[5] = (byte)((int)code >> 4);
        var length = OptLength;
        if (!query.ClientCookie.IsEmpty)
        {
            BinaryPrimitives.WriteUInt16BigEndian(opt[length..], EdnsOptions.Cookie);
            BinaryPrimitives.WriteUInt16BigEndian(opt[(length + 2)..], ServerCookie.Length);
            ServerCookie.Write(query.ClientCookie, query.Client, query.Now, opt[(length + 4)..]);
            length += 4 + ServerCookie.Length;
        }

        if (query.Error is { } error)
        {
            BinaryPrimitives.WriteUInt16BigEndian(opt[length..], EdnsOptions.ExtendedError);
            BinaryPrimitives.WriteUInt16BigEndian(opt[(length + 2)..], 2);
            BinaryPrimitives.WriteUInt16BigEndian(opt[(length + 4)..], (ushort)error);
            length += 6;
        }

        BinaryPrimitives.WriteUInt16BigEndian(opt[9..], (ushort)(length - OptLength));
        query.Written += length;
    }

    private static (int Count, int Length) Fit(byte[] records, int stride, int count, int room)
    {
        if (records.Length <= room)
            return (count, records.Length);
        if (stride > 0)
            return (room / stride, room / stride * stride);
        var (fitting, length) = (0, 0);
        for (var at = 0; at < records.Length; fitting++)
        {
            at += RecordSet.LengthOf(records.AsSpan(at));
            if (at > room)
                break;
            length = at;
        }

        return (fitting, length);
    }

    private static int Name(Span<byte> data, ReadOnlySpan<byte> labels, ushort zone)
    {
        labels.CopyTo(data);
        BinaryPrimitives.WriteUInt16BigEndian(data[labels.Length..], zone);
        return labels.Length + 2;
    }
}
