namespace Network.Capture;

/// <summary>Whether the device received or sent a packet. Values are those of epb_flags (pcapng, section 4.3.1).</summary>
public enum PacketDirection : byte
{
    Unknown = 0,
    Inbound = 1,
    Outbound = 2,
}

/// <summary>One packet, valid only during the call that hands it over.</summary>
public readonly ref struct CapturedPacket
{
    /// <summary>Position in <see cref="CaptureSettings.Sources"/>.</summary>
    public required int Source { get; init; }

    /// <summary>Nanoseconds since 1970 by the kernel's clock.</summary>
    public required long Timestamp { get; init; }

    public required int WireLength { get; init; }

    public required PacketDirection Direction { get; init; }

    /// <summary>At most the snap length.</summary>
    public required ReadOnlySpan<byte> Data { get; init; }
}
