using System.Collections.Concurrent;
using System.Net;
using Network.Dns.Clients;

namespace Network.Dns.Plugins.Search;

/// <summary>Who a client is.</summary>
/// <param name="Searches">The search list of its resolv.conf, in order.</param>
/// <param name="Expand">Whether the server walks the list for it.</param>
public sealed record ClientPod(string Namespace, string Name, IReadOnlyList<string> Searches, bool Expand);

/// <summary>The node's own pods by address: the server's clients.</summary>
public sealed class PodDirectory
{
    // By the address's bytes as a number, so that looking up allocates nothing.
    private readonly ConcurrentDictionary<UInt128, KnownPod> _pods = new();

    /// <summary>Every address with its pod.</summary>
    internal IEnumerable<KnownPod> All => _pods.Values;

    // What a pod asked so far stays counted when only its labels or its state change.
    public void Put(IPAddress address, ClientPod pod) => _pods.AddOrUpdate(KeyOf(address), static (_, pod) => new KnownPod(pod, new ClientCounts()),
        static (_, known, pod) => new KnownPod(pod, (known.Pod.Namespace, known.Pod.Name) == (pod.Namespace, pod.Name) ? known.Counts : new ClientCounts()), pod);

    public void Remove(IPAddress address) => _pods.TryRemove(KeyOf(address), out _);

    public ClientPod? Find(IPAddress address) => _pods.GetValueOrDefault(KeyOf(address))?.Pod;

    /// <param name="address">4 or 16 bytes.</param>
    public ClientPod? Find(ReadOnlySpan<byte> address) => _pods.GetValueOrDefault(KeyOf(address))?.Pod;

    /// <param name="address">4 or 16 bytes.</param>
    internal ClientCounts? CountsOf(ReadOnlySpan<byte> address) => _pods.GetValueOrDefault(KeyOf(address))?.Counts;

    private static UInt128 KeyOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        plain.TryWriteBytes(bytes, out var length);
        return KeyOf(bytes[..length]);
    }

    // An IPv4 address and an IPv6 one of the same number are told apart by a bit no unicast address has.
    private static UInt128 KeyOf(ReadOnlySpan<byte> address)
    {
        UInt128 key = address.Length == 4 ? UInt128.One << 127 | UInt128.One << 126 | UInt128.One << 125 | UInt128.One << 124 : 0;
        foreach (var part in address)
            key = address.Length == 4 ? key : (key << 8) | part;
        return address.Length == 4 ? key | System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address) : key;
    }
}

/// <summary>A pod with what it was told.</summary>
internal sealed record KnownPod(ClientPod Pod, ClientCounts Counts);
