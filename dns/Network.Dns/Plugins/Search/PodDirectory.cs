using System.Collections.Concurrent;
using System.Net;
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
    private readonly ConcurrentDictionary<UInt128, ClientPod> _pods = new();

    public void Put(IPAddress address, ClientPod pod) => _pods[AddressKey.Of(address)] = pod;

    public void Remove(IPAddress address) => _pods.TryRemove(AddressKey.Of(address), out _);

    public ClientPod? Find(IPAddress address) => _pods.GetValueOrDefault(AddressKey.Of(address));

    /// <param name="address">4 or 16 bytes.</param>
    public ClientPod? Find(ReadOnlySpan<byte> address) => _pods.GetValueOrDefault(AddressKey.Of(address));
}
