using System.Buffers.Binary;
using Network.Dns.Hot;
using Network.Dns.Wire;

namespace Network.Dns.Zones;

/// <summary>A zone of records; never changes. Answers by RFC 1034 4.3.2, wildcards by RFC 4592.</summary>
internal sealed class Zone
{
    private const int MostAliases = 10;
    private readonly Dictionary<byte[], ZoneNode> _nodes = new(NameComparer.Instance);
    private readonly Dictionary<byte[], ZoneNode>.AlternateLookup<ReadOnlySpan<byte>> _find;
    private readonly ZoneNode _apex;

    private Zone(byte[] origin)
    {
        Origin = origin;
        _find = _nodes.GetAlternateLookup<ReadOnlySpan<byte>>();
        _nodes[origin] = _apex = new ZoneNode(origin);
    }

    /// <summary>Folded, on the wire.</summary>
    internal byte[] Origin { get; }

    internal ZoneRecord Authority => _apex[RecordType.SOA][0];

    internal uint Serial => BinaryPrimitives.ReadUInt32BigEndian(Authority.Data.AsSpan(Authority.Data.Length - 20));

    /// <summary>All but the SOA.</summary>
    internal IEnumerable<ZoneRecord> Records => _nodes.Values.SelectMany(node => node.All()).Where(record => record.Type != RecordType.SOA);

    internal int Count => _nodes.Values.Sum(node => node.All().Count());

    /// <param name="refuse">Makes the fault of a record, or of the whole file.</param>
    internal static Zone Of(byte[] origin, IReadOnlyList<ZoneRecord> records, Func<ZoneRecord?, string, Exception> refuse)
    {
        var zone = new Zone(origin);
        foreach (var record in records)
        {
            if (!IsWithin(record.Name, origin))
                throw refuse(record, $"{WireName.ToText(record.Name)} is not within zone {WireName.ToText(origin)}");
            if (record.Type == RecordType.SOA && record.Name.Length != origin.Length)
                throw refuse(record, "a SOA record stands at the zone's own name only");
            if (record.Type == RecordType.SOA && zone._apex.Has(RecordType.SOA))
                throw refuse(record, "the zone has a second SOA record");
            zone.Node(record.Name).Add(record);
        }

        if (!zone._apex.Has(RecordType.SOA))
            throw refuse(null, $"zone {WireName.ToText(origin)} has no SOA record");
        if (!zone._apex.Has(RecordType.NS))
            throw refuse(null, $"zone {WireName.ToText(origin)} has no NS record of its own");
        foreach (var alias in zone._nodes.Values.Where(node => node.Has(RecordType.CNAME) && node.All().Count() > 1))
            throw refuse(records.First(record => record.Type == RecordType.CNAME && record.Name.AsSpan().SequenceEqual(alias.Name)), $"{WireName.ToText(alias.Name)} has a CNAME and other data (RFC 2181 10.1)");
        return zone;
    }

    /// <summary>The same zone under another serial.</summary>
    internal Zone WithSerial(uint serial)
    {
        var soa = Authority.Data[..];
        BinaryPrimitives.WriteUInt32BigEndian(soa.AsSpan(soa.Length - 20), serial);
        return Of(Origin, [Authority with { Data = soa }, .. Records], (_, reason) => new InvalidOperationException(reason));
    }

    internal bool IsOurs(ReadOnlySpan<byte> name) => IsWithin(name, Origin);

    /// <param name="name">Folded, within the zone.</param>
    internal DnsAnswer Answer(ReadOnlySpan<byte> name, RecordType type)
    {
        var answers = new List<ResourceRecord>();
        var asked = name.ToArray();
        var current = asked;
        for (var depth = 0; ; depth++)
        {
            var (node, cut, closest) = Find(current, type);
            if (cut is not null)
                return Referral(cut, answers);
            if (node is null && Substitute(closest, current, answers, asked) is { } substitute)
            {
                if (substitute.Length == 0)
                    return new DnsAnswer(ResponseCode.YxDomain) { Authoritative = true, Answers = answers };
                current = substitute;
            }
            else if (node is null)
            {
                return Negative(ResponseCode.NxDomain, answers);
            }
            else if (type is RecordType.CNAME or RecordType.ANY || node[RecordType.CNAME] is not [var alias])
            {
                return Positive(node, current, type, answers, asked);
            }
            else
            {
                answers.Add(Owned(alias, current, asked));
                current = alias.Data;
            }

            // A target elsewhere is asked for elsewhere; a chain without end is cut.
            if (!IsOurs(current) || depth == MostAliases)
                return new DnsAnswer(ResponseCode.NoError) { Authoritative = true, Answers = answers };
        }
    }

    /// <summary>Names that are answered by looking them up: those that exist, above every zone cut, without aliases.</summary>
    internal NameTable ToTable()
    {
        var table = new NameTable();
        foreach (var node in _nodes.Values.Where(node => !node.Has(RecordType.CNAME) && node.Types.Count > 0 && Find(node.Name, RecordType.A).Cut is null))
            table.Put(node.ToEntry(Addresses));
        return table;
    }

    internal static bool IsWithin(ReadOnlySpan<byte> name, ReadOnlySpan<byte> zone)
    {
        var (start, at) = (name.Length - zone.Length, 0);
        while (at < start)
            at += name[at] + 1;
        return at == start && name[start..].SequenceEqual(zone);
    }

    private ZoneNode Node(byte[] name)
    {
        if (_nodes.TryGetValue(name, out var node))
            return node;
        // Nodes above exist by having somebody below them.
        _ = Node(name[(name[0] + 1)..]);
        return _nodes[name] = new ZoneNode(name);
    }

    // From the apex down: a zone cut on the way ends the search; the last name that exists is the closest encloser.
    private (ZoneNode? Node, ZoneNode? Cut, ZoneNode Closest) Find(ReadOnlySpan<byte> name, RecordType type)
    {
        Span<int> labels = stackalloc int[DnsName.MaxWireLength / 2];
        var count = 0;
        for (var at = 0; at < name.Length - Origin.Length; at += name[at] + 1)
            labels[count++] = at;
        var closest = _apex;
        while (count-- > 0)
        {
            if (!_find.TryGetValue(name[labels[count]..], out var node))
                return (Wildcard(closest), null, closest);
            // The DS record of a child stands in the parent (RFC 4035 3.1.4.1).
            if (node.Has(RecordType.NS) && !(count == 0 && type == RecordType.DS))
                return (null, node, node);
            closest = node;
            if (count > 0 && node.Has(RecordType.DNAME))
                return (null, null, closest);
        }

        return (closest, null, closest);
    }

    private ZoneNode? Wildcard(ZoneNode closest) => closest.Has(RecordType.DNAME) ? null : _nodes.GetValueOrDefault([1, (byte)'*', .. closest.Name]);

    // RFC 6672 3.2: the DNAME, and a CNAME made from it for askers who do not know it. Null without one; empty when too long.
    private static byte[]? Substitute(ZoneNode closest, byte[] name, List<ResourceRecord> answers, byte[] asked)
    {
        if (closest[RecordType.DNAME] is not [var record] || name.Length == closest.Name.Length)
            return null;
        answers.Add(record.ToAnswer());
        byte[] target = [.. name[..^closest.Name.Length], .. record.Data];
        if (target.Length > DnsName.MaxWireLength)
            return [];
        answers.Add(Owned(new ZoneRecord(name, RecordType.CNAME, record.Ttl, target), name, asked));
        return target;
    }

    private DnsAnswer Positive(ZoneNode node, byte[] name, RecordType type, List<ResourceRecord> answers, byte[] asked)
    {
        var found = type == RecordType.ANY ? node.All().ToList() : node[type];
        if (found.Count == 0)
            return Negative(ResponseCode.NoError, answers);
        answers.AddRange(found.Select(record => Owned(record, name, asked)));
        return new DnsAnswer(ResponseCode.NoError) { Authoritative = true, Answers = answers, Additionals = found.SelectMany(Addresses).Select(record => record.ToAnswer()).ToList() };
    }

    private DnsAnswer Negative(ResponseCode code, List<ResourceRecord> answers)
    {
        // No longer than the SOA's last number says (RFC 2308 3).
        var negative = BinaryPrimitives.ReadUInt32BigEndian(Authority.Data.AsSpan(Authority.Data.Length - 4));
        return new DnsAnswer(code) { Authoritative = true, Answers = answers, Authorities = [(Authority with { Ttl = Math.Min(negative, Authority.Ttl) }).ToAnswer()] };
    }

    private DnsAnswer Referral(ZoneNode cut, List<ResourceRecord> answers) => new(ResponseCode.NoError)
    {
        Authoritative = answers.Count > 0,
        Answers = answers,
        Authorities = [.. cut[RecordType.NS].Select(record => record.ToAnswer()), .. cut[RecordType.DS].Select(record => record.ToAnswer())],
        Additionals = cut[RecordType.NS].SelectMany(Addresses).Select(record => record.ToAnswer()).ToList(),
    };

    // Addresses of the name a record points at, as far as they stand in this zone; below a cut they are glue.
    private IEnumerable<ZoneRecord> Addresses(ZoneRecord record)
    {
        var skip = record.Type switch { RecordType.NS => 0, RecordType.MX => 2, RecordType.SRV => 6, _ => -1 };
        return skip >= 0 && _find.TryGetValue(record.Data.AsSpan(skip), out var node) ? [.. node[RecordType.A], .. node[RecordType.AAAA]] : [];
    }

    // A wildcard's records stand under the name that was asked for.
    private static ResourceRecord Owned(ZoneRecord record, byte[] name, byte[] asked) =>
        (record with { Name = name }).ToAnswer(isQuestion: name.AsSpan().SequenceEqual(asked));
}
