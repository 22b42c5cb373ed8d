using System.Collections.Concurrent;
using Network.Dns.Hot;
using Network.Dns.Zones;

namespace Network.Dns.Plugins.ZoneFiles;

/// <summary>What is known of zone files beyond the plugins that serve them, which end with every change of the Corefile.</summary>
public sealed class ZoneMemories
{
    private readonly ConcurrentDictionary<(string Path, string Origin), ZoneMemory> _zones = new();

    internal ZoneMemory Of(FileSettings settings) => _zones.GetOrAdd((settings.Path, settings.Origin),
        _ => new ZoneMemory(new SerialKeeper(settings.State is { } state ? Path.Combine(state, $"serial-{StateName.Of(settings.Origin)}") : null)));
}

/// <summary>A zone's serials, and the zone that was good last.</summary>
internal sealed class ZoneMemory(SerialKeeper serials)
{
    internal SerialKeeper Serials => serials;

    internal ServedZone? Last { get; set; }
}

/// <summary>A zone with its names finished for the hot path.</summary>
internal sealed record ServedZone(Zone Zone, NameTable Table);
