using System.Diagnostics.Metrics;
using Network.Dns.Hot;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Dnssec;

/// <summary>Signs what the plugins behind it answer, for those who ask for signatures (RFC 4035 3.1), and answers for the keys.</summary>
public sealed class DnssecPlugin : IDnsPlugin, IHotPlugin, IDisposable
{
    private const uint KeyTtl = 3600;
    private readonly IReadOnlyList<ZoneSigner> _zones;
    private readonly Meter _meter = new("Network.Dns");

    internal DnssecPlugin(IReadOnlyList<ZoneSigner> zones)
    {
        _zones = zones.OrderByDescending(zone => zone.Zone.Length).ToList();
        _meter.CreateObservableCounter("podnet_dns_signatures_total", () => _zones.Sum(zone => zone.Made), null, "Signatures made.");
        _meter.CreateObservableGauge("coredns_dnssec_cache_entries", () => new Measurement<int>(_zones.Sum(zone => zone.Remembered), new KeyValuePair<string, object?>("type", "signature")), null, "Signatures remembered.");
    }

    public string Name => "dnssec";

    // An answer without signatures is as it was, and stays fast.
    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query) =>
        (query.DnssecOk || query.Type is RecordType.DNSKEY or RecordType.CDS or RecordType.CDNSKEY) && Find(query.Name) is not null ? HotOutcome.Slow : HotOutcome.Pass;

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        var name = request.Query.FoldedName();
        if (Find(name) is not { } zone)
            return await next(request, cancel).ConfigureAwait(false);
        var isApex = name.Length == zone.Zone.Length;
        var answer = isApex && OfKeys(zone, request.Query.Type) is { Count: > 0 } keys
            ? new DnsAnswer(ResponseCode.NoError) { Authoritative = true, Answers = keys, Source = "dnssec: the zone's keys" }
            : await next(request, cancel).ConfigureAwait(false);
        return answer is null or { Raw: not null } or { Messages: not null } || !request.Query.DnssecOk || answer.Code is not (ResponseCode.NoError or ResponseCode.NxDomain)
            ? answer
            : Sign(zone, answer, name, request.Query.Type);
    }

    public void Dispose() => _meter.Dispose();

    private ZoneSigner? Find(ReadOnlySpan<byte> name)
    {
        foreach (var zone in _zones)
        {
            if (Zones.Zone.IsWithin(name, zone.Zone))
                return zone;
        }

        return null;
    }

    private static List<ResourceRecord> OfKeys(ZoneSigner zone, RecordType type) => type switch
    {
        RecordType.DNSKEY => zone.Keys.Select(key => new ResourceRecord(null, type, KeyTtl, key.Data)).ToList(),
        RecordType.CDNSKEY => EntryPoints(zone).Select(key => new ResourceRecord(null, type, KeyTtl, key.Data)).ToList(),
        RecordType.CDS => EntryPoints(zone).Select(key => new ResourceRecord(null, type, KeyTtl, key.DelegationData(zone.Zone))).ToList(),
        _ => [],
    };

    private static IEnumerable<SigningKey> EntryPoints(ZoneSigner zone) => zone.Keys.Any(key => key.IsEntryPoint) ? zone.Keys.Where(key => key.IsEntryPoint) : zone.Keys;

    private static DnsAnswer Sign(ZoneSigner zone, DnsAnswer answer, byte[] name, RecordType type)
    {
        var authorities = answer.Authorities.ToList();
        var code = answer.Code;
        var soa = authorities.Find(record => record.Type == RecordType.SOA);
        var child = authorities.Find(record => record.Type == RecordType.NS);
        // Where the chain of aliases ended is what does not exist.
        var last = answer.Answers.LastOrDefault(record => record.Type == RecordType.CNAME) is { } alias ? alias.Data : name;
        if (soa is not null && Zones.Zone.IsWithin(last, zone.Zone))
        {
            authorities.Add(Denial(last, soa.Ttl, code == ResponseCode.NxDomain ? DenialRecord.OfNoName(last) : DenialRecord.OfNoType(last, type, last.Length == zone.Zone.Length)));
            code = ResponseCode.NoError;
        }
        else if (child is not null && soa is null && authorities.TrueForAll(record => record.Type != RecordType.DS))
        {
            var owner = OwnerOf(child, name);
            if (owner.Length > zone.Zone.Length)
                authorities.Add(Denial(owner, child.Ttl, DenialRecord.OfUnsignedChild(owner)));
        }

        return answer with { Code = code, Signed = true, Answers = Signed(zone, answer.Answers, name, record => true), Authorities = Signed(zone, authorities, name, record => record.Type != RecordType.NS) };
    }

    private static ResourceRecord Denial(byte[] owner, uint ttl, byte[] data) => new(WireName.ToText(owner), RecordType.NSEC, ttl, data) { WireOwner = owner };

    // Each set is followed by its signatures; the names of a child's servers are the child's to sign.
    private static List<ResourceRecord> Signed(ZoneSigner zone, IReadOnlyList<ResourceRecord> records, byte[] name, Func<ResourceRecord, bool> isSigned) =>
        records.GroupBy(record => (Owner: Convert.ToHexString(OwnerOf(record, name)), record.Type)).SelectMany(set =>
        {
            var owner = OwnerOf(set.First(), name);
            return isSigned(set.First()) && Zones.Zone.IsWithin(owner, zone.Zone)
                ? set.Concat(zone.Sign(owner, set.Key.Type, set.First().Ttl, set.Select(record => record.Data)))
                : set;
        }).ToList();

    private static byte[] OwnerOf(ResourceRecord record, byte[] name) => record.WireOwner ?? (record.Owner is { } owner ? WireName.Of(owner) : name);
}
