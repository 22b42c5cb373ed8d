using Network.Dns.Zones;

namespace Network.Dns.Plugins.Transfer;

/// <summary>What became of a zone between two serials (RFC 1995 4).</summary>
internal sealed record ZoneDifference(ZoneRecord From, ZoneRecord To, IReadOnlyList<ZoneRecord> Removed, IReadOnlyList<ZoneRecord> Added)
{
    internal int Count => Removed.Count + Added.Count + 2;

    internal uint FromSerial => SerialOf(From);

    internal static uint SerialOf(ZoneRecord authority) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(authority.Data.AsSpan(authority.Data.Length - 20));

    internal static ZoneDifference Between(ZoneState from, ZoneState to)
    {
        var (before, after) = (Keys(from.Records), Keys(to.Records));
        return new ZoneDifference(from.Authority, to.Authority,
            before.Where(pair => !after.ContainsKey(pair.Key)).Select(pair => pair.Value).ToList(),
            after.Where(pair => !before.ContainsKey(pair.Key)).Select(pair => pair.Value).ToList());
    }

    private static Dictionary<byte[], ZoneRecord> Keys(IReadOnlyList<ZoneRecord> records)
    {
        var keys = new Dictionary<byte[], ZoneRecord>(records.Count, NameComparer.Bytes);
        foreach (var record in records)
            keys[[.. record.Name, .. RecordData.Short((uint)record.Type), .. RecordData.Long(record.Ttl), .. record.Data]] = record;
        return keys;
    }
}
