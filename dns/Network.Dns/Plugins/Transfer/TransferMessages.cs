using System.Buffers.Binary;
using Network.Dns.Wire;
using Network.Dns.Zones;

namespace Network.Dns.Plugins.Transfer;

/// <summary>The messages of a transfer (RFC 5936 2.2, RFC 1995 4): many records in each, owners shortened to the zone's name. Pure.</summary>
internal static class TransferMessages
{
    private const int Full = 16_000;

    /// <summary>The zone whole, between two copies of its SOA.</summary>
    internal static IEnumerable<byte[]> Whole(DnsQuery query, ZoneState zone) => Pack(query, zone.Records.Prepend(zone.Authority).Append(zone.Authority), Full);

    /// <summary>Each difference as the old SOA with what went and the new SOA with what came.</summary>
    internal static IEnumerable<byte[]> Differences(DnsQuery query, ZoneRecord authority, IReadOnlyList<ZoneDifference> differences, int most = Full) => Pack(query,
        differences.SelectMany(difference => (IEnumerable<ZoneRecord>)[difference.From, .. difference.Removed, difference.To, .. difference.Added]).Prepend(authority).Append(authority), most);

    /// <summary>Only the SOA: nothing is newer, or the rest needs TCP (RFC 1995 2).</summary>
    internal static byte[] OnlyAuthority(DnsQuery query, ZoneRecord authority) => Pack(query, [authority], Full).Single();

    private static IEnumerable<byte[]> Pack(DnsQuery query, IEnumerable<ZoneRecord> records, int most)
    {
        var (buffer, at, count) = (new byte[ushort.MaxValue], Begin(query), 0);
        var zone = query.Question.Length - 4;
        foreach (var record in records)
        {
            if (count > 0 && at + record.Name.Length + 12 + record.Data.Length > most)
            {
                yield return Finish(query, buffer, at, count);
                (at, count) = (Begin(query), 0);
            }

            at += Write(buffer.AsSpan(at), record, zone);
            count++;
        }

        yield return Finish(query, buffer, at, count);
    }

    private static int Begin(DnsQuery query) => DnsQuery.HeaderLength + query.Question.Length;

    private static int Write(Span<byte> buffer, ZoneRecord record, int zone)
    {
        var labels = record.Name.Length - zone;
        record.Name.AsSpan(0, labels).CopyTo(buffer);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[labels..], 0xC000 | DnsQuery.HeaderLength);
        var rest = buffer[(labels + 2)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)record.Type);
        BinaryPrimitives.WriteUInt16BigEndian(rest[2..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(rest[4..], record.Ttl);
        BinaryPrimitives.WriteUInt16BigEndian(rest[8..], (ushort)record.Data.Length);
        record.Data.CopyTo(rest[10..]);
        return labels + 12 + record.Data.Length;
    }

    private static byte[] Finish(DnsQuery query, byte[] buffer, int length, int count)
    {
        var message = buffer[..length];
        BinaryPrimitives.WriteUInt16BigEndian(message, query.Id);
        (message[2], message[3]) = ((byte)(0x84 | (query.RecursionDesired ? 1 : 0)), 0);
        DnsName.WriteUInt16(message, 4, 1);
        DnsName.WriteUInt16(message, 6, count);
        message.AsSpan(8, 4).Clear();
        query.Question.Span.CopyTo(message.AsSpan(DnsQuery.HeaderLength));
        return message;
    }
}
