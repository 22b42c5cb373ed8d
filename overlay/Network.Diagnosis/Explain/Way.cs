using System.Net;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Trace;

namespace Network.Diagnosis.Explain;

/// <summary>A device a packet must pass.</summary>
/// <param name="Place">The machine's name, or the pod's <c>pod/ns/name</c>.</param>
/// <param name="Role">pod, cable, tunnel, underlay: for people.</param>
public sealed record Waypoint(string Place, string Device, PacketEventKind Kind, string Role)
{
    public override string ToString() => $"{(Place.StartsWith("pod/", StringComparison.Ordinal) ? $"{Place}:" : "")}{Device}";
}

/// <summary>The way of a packet as the cluster means it to go, and all names on it.</summary>
/// <param name="Points">Devices in order.</param>
/// <param name="Names">Machines, pods and roles on it, against which findings are held.</param>
/// <param name="Fault">Why the way ends early; null when it does not.</param>
public sealed record Way(IReadOnlyList<Waypoint> Points, IReadOnlySet<string> Names, string? Fault);

/// <summary>Where a packet begins: a pod, or a program of a machine.</summary>
public sealed record Origin(PodFacts? Pod, MachineFacts Machine)
{
    public string Name => Pod?.Id ?? $"node/{Machine.Name}";

    public string NetNs => Pod is { Network: { } network } ? network.NetNs : Machine.NetNs;

    public IPAddress? Address(System.Net.Sockets.AddressFamily family) => Pod is not null
        ? Pod.Addresses.FirstOrDefault(address => address.AddressFamily == family)
        : Machine.Addresses.FirstOrDefault(address => address.Address.AddressFamily == family && Machine.LinkOf(address.LinkIndex) is { IsLoopback: false, Vxlan: null })?.Address;
}
