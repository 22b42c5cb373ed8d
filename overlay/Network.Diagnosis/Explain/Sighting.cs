using Network.Diagnosis.Drops;
using Network.Diagnosis.Trace;

namespace Network.Diagnosis.Explain;

public enum Leg
{
    /// <summary>The probe itself.</summary>
    Forward,

    /// <summary>The answer.</summary>
    Reply,

    /// <summary>An ICMP message somebody sent because of it.</summary>
    Error,
}

/// <summary>The probe, its answer, or what was said of it, at one device.</summary>
/// <param name="Time">Nanoseconds of the machine's clock.</param>
/// <param name="Place">The machine's name, or the pod's <c>pod/ns/name</c>.</param>
/// <param name="Device">Empty at none.</param>
/// <param name="Bytes">The packet's beginning.</param>
public sealed record Sighting(long Time, Leg Leg, PacketEventKind Kind, string Place, string Device, PacketHeaders Headers, byte[] Bytes)
{
    /// <summary>The kernel's name of why it was dropped; null when it was not.</summary>
    public string? Reason { get; init; }

    public string? Function { get; init; }

    public int Length { get; init; }

    public bool HasEthernet { get; init; }

    public DropMeaning? Meaning => Reason is null ? null : DropMeanings.Of(Reason, Function!);

    public bool Is(Waypoint point) => Kind == point.Kind && Place == point.Place && Device == point.Device;
}
