using System.Collections.Concurrent;
using System.Net;

namespace Network.Dns.Plugins.Cluster;

/// <summary>
/// What the cluster zone knows, by name and by address. A change replaces one service's entry, so its cost does not
/// depend on the number of services; readers never lock and see a service either before or after its change.
/// </summary>
public sealed class ClusterIndex
{
    private readonly ConcurrentDictionary<(string Namespace, string Name), DnsService> _services = new();
    private readonly ConcurrentDictionary<IPAddress, DnsService> _byClusterIp = new();
    private readonly ConcurrentDictionary<IPAddress, ConcurrentDictionary<(string, string), DnsEndpoint>> _byEndpoint = new();
    private readonly ConcurrentDictionary<string, byte> _namespaces = new(StringComparer.Ordinal);
    private long _serial = 1;

    /// <summary>Grows with every change; the zone's SOA serial.</summary>
    public uint Serial => (uint)Interlocked.Read(ref _serial);

    /// <summary>False until the first complete set of services was put in: until then names are unknown, not absent.</summary>
    public bool Complete { get; set; }

    public int Count => _services.Count;

    public void Put(DnsService service)
    {
        var key = (service.Namespace, service.Name);
        var old = _services.GetValueOrDefault(key);
        _services[key] = service;
        Unlink(old, service);
        foreach (var address in service.ClusterIps)
            _byClusterIp[address] = service;
        foreach (var endpoint in service.Endpoints)
            _byEndpoint.GetOrAdd(endpoint.Address, _ => new())[key] = endpoint;
        Interlocked.Increment(ref _serial);
    }

    public void Remove(string ns, string name)
    {
        if (!_services.TryRemove((ns, name), out var old))
            return;
        Unlink(old, null);
        Interlocked.Increment(ref _serial);
    }

    public void PutNamespace(string ns) => _namespaces[ns] = 0;

    public void RemoveNamespace(string ns) => _namespaces.TryRemove(ns, out _);

    internal DnsService? Find(string ns, string name) => _services.GetValueOrDefault((ns, name));

    internal bool HasNamespace(string ns) => _namespaces.ContainsKey(ns);

    internal DnsService? FindByClusterIp(IPAddress address) => _byClusterIp.GetValueOrDefault(address);

    internal IEnumerable<((string Namespace, string Name) Service, DnsEndpoint Endpoint)> FindByEndpoint(IPAddress address) =>
        _byEndpoint.TryGetValue(address, out var entries) ? entries.Select(entry => (entry.Key, entry.Value)) : [];

    private void Unlink(DnsService? old, DnsService? now)
    {
        if (old is null)
            return;
        foreach (var address in old.ClusterIps.Where(address => now?.ClusterIps.Contains(address) != true))
            _byClusterIp.TryRemove(new KeyValuePair<IPAddress, DnsService>(address, old));
        var stay = now?.Endpoints.Select(endpoint => endpoint.Address).ToHashSet() ?? [];
        foreach (var address in old.Endpoints.Select(endpoint => endpoint.Address).Where(address => !stay.Contains(address)))
        {
            if (_byEndpoint.TryGetValue(address, out var entries) && entries.TryRemove((old.Namespace, old.Name), out _) && entries.IsEmpty)
                _byEndpoint.TryRemove(address, out _);
        }
    }
}
