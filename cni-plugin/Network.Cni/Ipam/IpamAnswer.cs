using System.Text.Json;
using Network.Cni.Protocol;

namespace Network.Cni.Ipam;

/// <summary>What address management gives a pod.</summary>
/// <param name="IsNew">False when the pod had all of it before.</param>
internal sealed record IpamAnswer(IReadOnlyList<GrantedAddress> Addresses, IReadOnlyList<RouteEntry> Routes, bool IsNew)
{
    /// <summary>Undefined when address management says nothing about names.</summary>
    internal JsonElement Dns { get; init; }
}
