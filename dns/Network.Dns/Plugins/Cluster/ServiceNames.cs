using System.Net;
using Network.Dns.Hot;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Cluster;

/// <summary>The names a service stands under, each with its finished records. Pure.</summary>
internal sealed class ServiceNames(string zone, uint ttl)
{
    private readonly ZoneRecords _records = new(zone, ttl);

    internal IEnumerable<NameEntry> Of(DnsService service)
    {
        var own = $"{service.Name}.{service.Namespace}.svc.{zone}";
        if (service.ExternalName is { } target)
            return [Entry(own, [_records.Alias(target)])];
        // A headless service nobody is ready behind does not exist for its clients (CoreDNS; peers wait for NXDOMAIN to end).
        if (service.Headless && service.Endpoints.Count == 0)
            return [];
        List<NameEntry> names =
        [
            Entry(own, _records.Addresses(service, RecordType.A), _records.Addresses(service, RecordType.AAAA), _records.AllServiceRecords(service), _records.Glue(service)),
        ];
        foreach (var protocol in _records.PortsOf(service).GroupBy(port => port.Protocol, StringComparer.Ordinal))
        {
            // An empty node above the SRV names.
            names.Add(Empty($"_{protocol.Key}.{own}"));
            names.AddRange(protocol.Select(port => Entry(
                $"_{port.Name}._{port.Protocol}.{own}", [], [], _records.ServiceRecords(service, port.Name, port.Protocol), _records.Glue(service))));
        }

        foreach (var endpoints in service.Headless ? service.Endpoints.GroupBy(endpoint => endpoint.Id, StringComparer.OrdinalIgnoreCase) : [])
        {
            names.Add(Entry($"{endpoints.Key}.{own}", _records.Addresses(endpoints, RecordType.A), _records.Addresses(endpoints, RecordType.AAAA)));
        }

        return names;
    }

    /// <summary>Nodes that exist without records, and the two names of the zone itself.</summary>
    internal IEnumerable<NameEntry> OfZone() =>
        [Entry(zone, [_records.NameServer()]), Entry($"dns-version.{zone}", [_records.Version()]), Empty($"svc.{zone}"), Empty($"pod.{zone}")];

    internal IEnumerable<NameEntry> OfNamespace(string ns) => [Empty($"{ns}.svc.{zone}"), Empty($"{ns}.pod.{zone}")];

    internal NameEntry Pointers(IPAddress address, IEnumerable<string> targets)
    {
        var name = WireName.Of(ReverseName.Of(address));
        return new NameEntry(name, RecordSet.Encode(name.Length, targets.Select(target => ResourceRecord.Pointer(null, target, ttl)).ToList(), [])) { InZone = false };
    }

    internal string NameOf(DnsService service) => $"{service.Name}.{service.Namespace}.svc.{zone}";

    internal string NameOf(DnsService service, DnsEndpoint endpoint) => $"{endpoint.Id}.{NameOf(service)}";

    private static NameEntry Empty(string name) => new(WireName.Of(name)) { InZone = true };

    private static NameEntry Entry(string name, params IReadOnlyList<ResourceRecord>[] sets) => Entry(name, sets, []);

    private static NameEntry Entry(
        string name, IReadOnlyList<ResourceRecord> v4, IReadOnlyList<ResourceRecord> v6, IReadOnlyList<ResourceRecord> services, IReadOnlyList<ResourceRecord> glue) =>
        Entry(name, [v4, v6, services], glue);

    private static NameEntry Entry(string name, IReadOnlyList<ResourceRecord>[] sets, IReadOnlyList<ResourceRecord> glue)
    {
        var wire = WireName.Of(name);
        return new NameEntry(wire, sets.Where(set => set.Count > 0)
            .Select(set => RecordSet.Encode(wire.Length, set, set[0].Type == RecordType.SRV ? glue : [])).ToArray()) { InZone = true };
    }
}
