using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Cluster;

/// <summary>
/// Which namespaces have a pod at an address: what <c>pods verified</c> asks. It costs an entry for every pod of the
/// cluster, so it is filled only once somebody <see cref="Wanted">wants</see> it. Readers never lock.
/// </summary>
public sealed class PodAddresses
{
    private readonly Lock _writing = new();
    private readonly Dictionary<(string Namespace, string Name), IReadOnlyList<IPAddress>> _pods = [];
    // The array of an address is replaced as a whole. There is more than one namespace where pods share their node's address.
    private readonly ConcurrentDictionary<UInt128, Tenant[]> _tenants = new();
    private readonly TaskCompletionSource _wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _complete;

    /// <summary>Completes when a configuration asks for it, then or later.</summary>
    public Task Wanted => _wanted.Task;

    /// <summary>All pods have been put in: an address that is not here is nobody's.</summary>
    public bool Complete
    {
        get => _complete;
        set => _complete = value;
    }

    /// <param name="addresses">All the pod has now; none when it has ended.</param>
    public void Put(string ns, string name, IReadOnlyList<IPAddress> addresses)
    {
        lock (_writing)
        {
            var former = _pods.GetValueOrDefault((ns, name)) ?? [];
            if (addresses.Count == 0)
                _pods.Remove((ns, name));
            else
                _pods[(ns, name)] = addresses;
            foreach (var come in addresses.Except(former))
                Count(come, ns, 1);
            foreach (var gone in former.Except(addresses))
                Count(gone, ns, -1);
        }
    }

    public void Remove(string ns, string name) => Put(ns, name, []);

    internal void Want() => _wanted.TrySetResult();

    /// <param name="address">As it stands in the name that is asked for.</param>
    /// <param name="ns">Label of the namespace, in lower case.</param>
    internal bool Has(DashedAddress address, ReadOnlySpan<byte> ns)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!_tenants.TryGetValue(AddressKey.Of(bytes[..DashedAddress.Write(address, bytes)]), out var tenants))
            return false;
        foreach (var tenant in tenants)
        {
            if (ns.SequenceEqual(tenant.Namespace))
                return true;
        }

        return false;
    }

    private void Count(IPAddress address, string ns, int by)
    {
        var label = Encoding.ASCII.GetBytes(ns);
        var (key, tenants) = (AddressKey.Of(address), _tenants.GetValueOrDefault(AddressKey.Of(address)) ?? []);
        var own = tenants.FirstOrDefault(tenant => tenant.Namespace.AsSpan().SequenceEqual(label));
        var others = tenants.Where(tenant => tenant != own);
        var pods = (own?.Pods ?? 0) + by;
        Tenant[] now = pods > 0 ? [.. others, new Tenant(label, pods)] : [.. others];
        if (now.Length == 0)
            _tenants.TryRemove(key, out _);
        else
            _tenants[key] = now;
    }

    private sealed record Tenant(byte[] Namespace, int Pods);
}
