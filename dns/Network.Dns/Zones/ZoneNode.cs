using Network.Dns.Hot;
using Network.Dns.Wire;

namespace Network.Dns.Zones;

/// <summary>A name of a zone with its records; without any it is an empty node above others (RFC 4592 2.2.2).</summary>
internal sealed class ZoneNode(byte[] name)
{
    private readonly SortedDictionary<RecordType, List<ZoneRecord>> _sets = [];

    internal byte[] Name { get; } = name;

    internal IReadOnlyCollection<RecordType> Types => _sets.Keys;

    internal IReadOnlyList<ZoneRecord> this[RecordType type] => _sets.TryGetValue(type, out var set) ? set : [];

    internal bool Has(RecordType type) => _sets.ContainsKey(type);

    internal void Add(ZoneRecord record)
    {
        if (!_sets.TryGetValue(record.Type, out var set))
            _sets[record.Type] = set = [];
        if (!set.Exists(record.IsSame))
            // One time to live for all of a set (RFC 2181 5.2): the first one's.
            set.Add(set.Count > 0 ? record with { Ttl = set[0].Ttl } : record);
    }

    internal IEnumerable<ZoneRecord> All() => _sets.Values.SelectMany(set => set);

    /// <summary>The sets that need nothing beside themselves, finished for the hot path.</summary>
    internal NameEntry ToEntry(Func<ZoneRecord, IEnumerable<ZoneRecord>> additional) => new(Name, _sets.Where(set => set.Key != RecordType.SOA).Select(set => RecordSet.Encode(
        Name.Length, set.Value.Select(record => record.ToAnswer(isQuestion: true)).ToList(),
        set.Value.SelectMany(additional).Select(record => record.ToAnswer()).ToList())).ToArray()) { InZone = true };
}
