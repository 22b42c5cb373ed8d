namespace Network.Dns.Zones;

/// <summary>A zone at one moment.</summary>
public sealed record ZoneState
{
    internal ZoneState(ZoneRecord authority, IReadOnlyList<ZoneRecord> records, uint serial) => (Authority, Records, Serial) = (authority, records, serial);

    public uint Serial { get; }

    internal ZoneRecord Authority { get; }

    /// <summary>All but the SOA.</summary>
    internal IReadOnlyList<ZoneRecord> Records { get; }
}

/// <summary>A plugin that has a whole zone to give.</summary>
public interface IZoneSource
{
    /// <summary>Folded, on the wire.</summary>
    ReadOnlyMemory<byte> Origin { get; }

    /// <summary>The zone may be another one. Raised by the writer, so whoever listens must be quick.</summary>
    event Action? Changed;

    /// <summary>Null while it is not known.</summary>
    ZoneState? State();
}
