using System.Net;
using Network.Dns.Hot;
using Network.Dns.Plugins.Cluster.Snapshot;
using Network.Dns.Wire;
using Network.Dns.Zones;

namespace Network.Dns.Plugins.Cluster;

/// <summary>
/// What the cluster zone knows: every name with finished records. A change replaces the names of one service, so its cost
/// does not depend on the number of services; readers never lock and see a name either before or after its change.
/// </summary>
/// <param name="zone">The cluster's domain.</param>
/// <param name="ttl">Seconds an answer may be remembered.</param>
/// <param name="time">Serials are of its seconds.</param>
public sealed class ClusterIndex(string zone = "cluster.local", uint ttl = 5, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _writing = new();
    private readonly Dictionary<(string Namespace, string Name), DnsService> _services = [];
    // An endpoint of several services has a pointer to each.
    private readonly Dictionary<IPAddress, SortedDictionary<string, string>> _pointers = [];
    private readonly ServiceNames _names = new(Normal(zone), ttl);
    private readonly NameTable _table = TableOf(Normal(zone), ttl);
    private readonly HashSet<string> _namespaces = new(StringComparer.Ordinal);
    // Later than that of any earlier run that made less than a change a second in all its life.
    private long _serial = (time ?? TimeProvider.System).GetUtcNow().ToUnixTimeSeconds();

    public string Zone { get; } = Normal(zone);

    public uint Ttl { get; } = ttl;

    /// <summary>Grows with every change; the zone's SOA serial.</summary>
    public uint Serial => (uint)Volatile.Read(ref _serial);

    /// <summary>False until the first complete set of services was put in: until then names are unknown, not absent.</summary>
    public bool Complete { get; set; }

    /// <summary>Names are those of an earlier run; answers say so (RFC 8914, code 3).</summary>
    public bool Stale { get; private set; }

    /// <summary>Something changed. Raised by the writer, so whoever listens must be quick.</summary>
    public event Action? Changed;

    public int Count
    {
        get
        {
            lock (_writing)
                return _services.Count;
        }
    }

    /// <summary>Addresses of the cluster's pods, for names of the form 10-244-1-9.NAMESPACE.pod.ZONE.</summary>
    public PodAddresses Pods { get; } = new();

    internal NameTable Table => _table;

    internal byte[] WireZone { get; } = WireName.Of(Normal(zone));

    public void Put(DnsService service)
    {
        lock (_writing)
        {
            _services.Remove((service.Namespace, service.Name), out var old);
            _services[(service.Namespace, service.Name)] = service;
            Replace(old, service);
        }
    }

    public void Remove(string ns, string name)
    {
        lock (_writing)
        {
            if (_services.Remove((ns, name), out var old))
                Replace(old, null);
        }
    }

    public void PutNamespace(string ns)
    {
        lock (_writing)
        {
            if (!_namespaces.Add(ns))
                return;
            foreach (var entry in _names.OfNamespace(ns))
                _table.Put(entry);
        }

        Changed?.Invoke();
    }

    public void RemoveNamespace(string ns)
    {
        lock (_writing)
        {
            if (!_namespaces.Remove(ns))
                return;
            foreach (var entry in _names.OfNamespace(ns))
                _table.Remove(entry.Name);
        }

        Changed?.Invoke();
    }

    /// <summary>All there is.</summary>
    public ClusterContents Contents()
    {
        lock (_writing)
            return new ClusterContents([.. _namespaces.Order(StringComparer.Ordinal)], [.. _services.Values]) { Serial = Serial };
    }

    /// <summary>Every record of the zone but the SOA, as of one serial; null until the cluster is known.</summary>
    internal ZoneState? Records()
    {
        if (!Complete)
            return null;
        lock (_writing)
        {
            var records = _table.All().Where(entry => entry.InZone).SelectMany(entry => entry.Sets.SelectMany(set => set.Decode(WireName.ToText(entry.Name)).Answers)
                .Select(record => new ZoneRecord(entry.Name, record.Type, record.Ttl, record.Data))).ToList();
            var authority = new ZoneRecords(Zone, Ttl).Authority(Serial);
            return new ZoneState(new ZoneRecord(WireZone, RecordType.SOA, authority.Ttl, authority.Data), records, Serial);
        }
    }

    /// <summary>Starts with what an earlier run knew, until <see cref="Confirm"/>.</summary>
    public void Fill(ClusterContents contents)
    {
        (Stale, Complete) = (true, false);
        // A clock that was set back since then must not take the serial with it.
        lock (_writing)
            Volatile.Write(ref _serial, Math.Max(_serial, contents.Serial));
        foreach (var ns in contents.Namespaces)
            PutNamespace(ns);
        foreach (var service in contents.Services)
            Put(service);
        Complete = true;
    }

    /// <summary>The cluster has been read whole: what it does not have goes, and answers are no longer stale.</summary>
    public void Confirm(Func<string, bool> hasNamespace, Func<string, string, bool> hasService)
    {
        var former = Contents();
        foreach (var service in former.Services.Where(service => !hasService(service.Namespace, service.Name)))
            Remove(service.Namespace, service.Name);
        foreach (var ns in former.Namespaces.Where(ns => !hasNamespace(ns)))
            RemoveNamespace(ns);
        (Complete, Stale) = (true, false);
        Changed?.Invoke();
    }

    private static string Normal(string zone) => zone.TrimEnd('.').ToLowerInvariant();

    private static NameTable TableOf(string zone, uint ttl)
    {
        var table = new NameTable();
        foreach (var entry in new ServiceNames(zone, ttl).OfZone())
            table.Put(entry);
        return table;
    }

    private void Replace(DnsService? old, DnsService? now)
    {
        var entries = now is null ? [] : _names.Of(now).ToList();
        var changed = false;
        foreach (var entry in entries)
            changed |= _table.Put(entry);
        if (old is not null)
        {
            var stay = entries.Select(entry => entry.Name).ToHashSet(NameComparer.Instance);
            foreach (var entry in _names.Of(old).Where(entry => !stay.Contains(entry.Name)))
                changed |= _table.Remove(entry.Name);
        }

        if (changed | ReplacePointers(old, now))
        {
            Volatile.Write(ref _serial, Math.Max(_serial + 1, _time.GetUtcNow().ToUnixTimeSeconds()));
            Changed?.Invoke();
        }
    }

    private bool ReplacePointers(DnsService? old, DnsService? now)
    {
        var (before, after) = (PointersOf(old), PointersOf(now));
        var changed = false;
        foreach (var (address, _, service) in before.Except(after))
        {
            var targets = _pointers[address];
            targets.Remove(service);
            if (targets.Count == 0)
                _pointers.Remove(address);
            changed |= targets.Count == 0 ? _table.Remove(WireName.Of(ReverseName.Of(address))) : _table.Put(_names.Pointers(address, targets.Values));
        }

        foreach (var (address, target, service) in after.Except(before))
        {
            if (!_pointers.TryGetValue(address, out var targets))
                _pointers[address] = targets = new SortedDictionary<string, string>(StringComparer.Ordinal);
            targets[service] = target;
            changed |= _table.Put(_names.Pointers(address, targets.Values));
        }

        return changed;
    }

    private HashSet<(IPAddress Address, string Target, string Service)> PointersOf(DnsService? service) => service is null ? [] :
    [
        .. service.ClusterIps.Select(address => (address, _names.NameOf(service), _names.NameOf(service))),
        .. service.Endpoints.Select(endpoint => (endpoint.Address, _names.NameOf(service, endpoint), _names.NameOf(service))),
    ];

}
