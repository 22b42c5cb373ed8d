using Microsoft.Win32.SafeHandles;

namespace Network.Capture;

/// <summary>What to record, and when to end.</summary>
/// <param name="Sources">
/// Outer devices first: a packet has the same time on the underlay and, taken out of its tunnel, on the VXLAN device.
/// </param>
public sealed record CaptureSettings(IReadOnlyList<CaptureSource> Sources)
{
    /// <summary>Longest packet any Linux device delivers, and libpcap's own maximum.</summary>
    public const int WholePacket = 262144;

    /// <summary>pcap-filter(7) expression, run by the kernel; empty takes every packet. See <see cref="CaptureFilter"/>.</summary>
    public string Filter { get; init; } = "";

    /// <summary>Bytes kept of each packet; its length on the wire is recorded anyway.</summary>
    public int SnapLength { get; init; } = WholePacket;

    /// <summary>End after this many packets; null does not count.</summary>
    public long? Count { get; init; }

    /// <summary>End after this time; null runs until stopped.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>A pipe or socket the sink writes to: the capture ends when its reader goes away, also while there is nothing to write.</summary>
    public SafeFileHandle? Output { get; init; }

    /// <summary>Kernel ring of each direction of each device.</summary>
    public int KernelBufferBytes { get; init; } = 4 << 20;

    /// <summary>Most memory that packets may take while they wait to be put in order.</summary>
    public int ReorderBytes { get; init; } = 64 << 20;

    internal void Check()
    {
        if (Sources.Count == 0)
            throw new CaptureException("sources: none given; name at least one device");
        if (Sources.GroupBy(source => source.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new CaptureException($"source {twice.Key}: given twice; name every device once");
        if (SnapLength is < 1 or > WholePacket)
            throw new CaptureException($"snap length {SnapLength} is out of range; use 1 to {WholePacket}");
        if (Count is < 1)
            throw new CaptureException($"count {Count} is out of range; use 1 or more");
        if (Duration is { } duration && duration <= TimeSpan.Zero)
            throw new CaptureException($"duration {duration} is out of range; use more than zero");
        CaptureFilter.Check(Filter);
    }
}
