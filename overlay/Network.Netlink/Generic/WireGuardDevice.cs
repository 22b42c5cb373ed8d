using System.Net;

namespace Network.Netlink;

/// <summary>A WireGuard device as the kernel tells it.</summary>
public sealed record WireGuardDevice(string Name, WireGuardKey PublicKey, int Port, IReadOnlyList<WireGuardPeer> Peers);

/// <summary>One peer of a WireGuard device.</summary>
/// <param name="Endpoint">Where packets go; null until it is known.</param>
/// <param name="AllowedAddresses">What may come from it and what is sent to it.</param>
public sealed record WireGuardPeer(WireGuardKey PublicKey, IPEndPoint? Endpoint, IReadOnlyList<IPNetwork> AllowedAddresses)
{
    public long ReceivedBytes { get; init; }

    public long SentBytes { get; init; }

    /// <summary>The same key, endpoint and addresses; counters left out.</summary>
    public bool Means(WireGuardPeer other) => PublicKey == other.PublicKey && Equals(Endpoint, other.Endpoint) && AllowedAddresses.ToHashSet().SetEquals(other.AllowedAddresses);
}
