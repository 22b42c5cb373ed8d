using System.Net;
using System.Net.Sockets;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Cluster;

/// <summary>The records that services and endpoints turn into. Pure.</summary>
internal sealed class ZoneRecords(string zone, uint ttl)
{
    private const uint VersionTtl = 28_800;

    internal ResourceRecord Version() => ResourceRecord.Text(null, "1.1.0", VersionTtl);

    internal ResourceRecord Authority(uint serial) => ResourceRecord.StartOfAuthority(zone, $"ns.dns.{zone}", $"hostmaster.{zone}", serial, ttl);

    internal ResourceRecord NameServer() => ResourceRecord.NameServer(null, $"kube-dns.kube-system.svc.{zone}", ttl);

    internal ResourceRecord Alias(string target) => ResourceRecord.CanonicalName(null, target, ttl);

    internal ResourceRecord PodAddress(IPAddress address) => ResourceRecord.Address(null, address, ttl);

    internal IReadOnlyList<ResourceRecord> Addresses(DnsService service, RecordType type) =>
        Addresses(service.Headless ? service.Endpoints.Select(endpoint => endpoint.Address) : service.ClusterIps, type);

    internal IReadOnlyList<ResourceRecord> Addresses(IEnumerable<DnsEndpoint> endpoints, RecordType type) =>
        Addresses(endpoints.Select(endpoint => endpoint.Address), type);

    /// <summary>Named ports, each once: a headless service's are those of its endpoints.</summary>
    internal IEnumerable<DnsPort> PortsOf(DnsService service) =>
        (service.Headless ? service.Endpoints.SelectMany(endpoint => endpoint.Ports) : service.Ports).DistinctBy(port => (port.Name, port.Protocol));

    /// <summary>SRV at the bare service name: not in the specification, but peer finders ask for it.</summary>
    internal IReadOnlyList<ResourceRecord> AllServiceRecords(DnsService service) =>
        PortsOf(service).SelectMany(port => ServiceRecords(service, port.Name, port.Protocol)).ToList();

    internal IReadOnlyList<ResourceRecord> ServiceRecords(DnsService service, string port, string protocol)
    {
        if (!service.Headless)
            return service.Ports.Where(p => Is(p, port, protocol))
                .Select(p => ResourceRecord.Service(null, 0, 100, p.Port, $"{service.Name}.{service.Namespace}.svc.{zone}", ttl))
                .ToList();
        var matching = service.Endpoints.SelectMany(endpoint => endpoint.Ports.Where(p => Is(p, port, protocol)).Select(p => (endpoint, p))).ToList();
        var weight = (ushort)Math.Max(1, matching.Count == 0 ? 1 : 100 / matching.Count);
        return matching.Select(pair => ResourceRecord.Service(null, 0, weight, pair.p.Port, NameOf(service.Namespace, service.Name, pair.endpoint), ttl)).ToList();
    }

    /// <summary>Addresses of the SRV targets, both families.</summary>
    internal IReadOnlyList<ResourceRecord> Glue(DnsService service) => service.Headless
        ? service.Endpoints.Select(endpoint => ResourceRecord.Address(NameOf(service.Namespace, service.Name, endpoint), endpoint.Address, ttl)).ToList()
        : service.ClusterIps.Select(address => ResourceRecord.Address($"{service.Name}.{service.Namespace}.svc.{zone}", address, ttl)).ToList();

    private string NameOf(string ns, string service, DnsEndpoint endpoint) => $"{endpoint.Id}.{service}.{ns}.svc.{zone}";

    private static bool Is(DnsPort port, string name, string protocol) => port.Name == name && port.Protocol == protocol;

    private List<ResourceRecord> Addresses(IEnumerable<IPAddress> addresses, RecordType type)
    {
        var family = type == RecordType.A ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        return type is RecordType.A or RecordType.AAAA
            ? addresses.Where(address => address.AddressFamily == family).Select(address => ResourceRecord.Address(null, address, ttl)).ToList()
            : [];
    }
}
