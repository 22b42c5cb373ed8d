using System.Text.Json;
using Network.Cni.Ipam;

namespace Network.Cni.Protocol;

/// <summary>What ADD did, before it is written in the version that was asked for.</summary>
internal sealed record AttachResult
{
    internal IReadOnlyList<ResultInterface> Interfaces { get; init; } = [];

    internal IReadOnlyList<GrantedAddress> Addresses { get; init; } = [];

    /// <summary>Of the interface that has the addresses; null when there is no interface (address management alone).</summary>
    internal int? AddressInterface { get; init; }

    internal IReadOnlyList<RouteEntry> Routes { get; init; } = [];

    /// <summary>Undefined when nothing is known about names.</summary>
    internal JsonElement Dns { get; init; }
}

/// <param name="Sandbox">Path of the namespace; null on the node's side.</param>
internal sealed record ResultInterface(string Name, string Mac, int Mtu, string? Sandbox);
