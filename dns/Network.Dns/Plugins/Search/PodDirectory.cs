using System.Collections.Concurrent;
using System.Net;
using Network.Dns.Clients;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Search;

/// <summary>Who a client is.</summary>
/// <param name="Searches">The search list of its resolv.conf, in order.</param>
/// <param name="Expand">Whether the server walks the list for it.</param>
public sealed record ClientPod(string Namespace, string Name, IReadOnlyList<string> Searches, bool Expand);

/// <summary>The node's own pods by address: the server's clients.</summary>
public sealed class PodDirectory
{
    // By AddressKey.
    private readonly ConcurrentDictionary<UInt128, KnownPod> _pods = new();

    /// <summary>Every address with its pod.</summary>
    internal IEnumerable<KnownPod> All => _pods.Values;

    // What a pod asked so far stays counted when only its labels or its state change.
    public void Put(IPAddress address, ClientPod pod) => _pods.AddOrUpdate(AddressKey.Of(address), static (_, pod) => new KnownPod(pod, new ClientCounts()),
        static (_, known, pod) => new KnownPod(pod, (known.Pod.Namespace, known.Pod.Name) == (pod.Namespace, pod.Name) ? known.Counts : new ClientCounts()), pod);

    public void Remove(IPAddress address) => _pods.TryRemove(AddressKey.Of(address), out _);

    public ClientPod? Find(IPAddress address) => _pods.GetValueOrDefault(AddressKey.Of(address))?.Pod;

    /// <param name="address">4 or 16 bytes.</param>
    public ClientPod? Find(ReadOnlySpan<byte> address) => _pods.GetValueOrDefault(AddressKey.Of(address))?.Pod;

    /// <param name="address">4 or 16 bytes.</param>
    internal ClientCounts? CountsOf(ReadOnlySpan<byte> address) => _pods.GetValueOrDefault(AddressKey.Of(address))?.Counts;
}

/// <summary>A pod with what it was told.</summary>
internal sealed record KnownPod(ClientPod Pod, ClientCounts Counts);
