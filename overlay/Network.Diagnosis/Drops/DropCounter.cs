using System.Net;
using System.Net.Sockets;
using Network.Diagnosis.Trace;

namespace Network.Diagnosis.Drops;

/// <summary>Turns what the kernel dropped into counts. Not for several threads.</summary>
public sealed class DropCounter(IReadOnlyDictionary<int, string> reasons, KernelSymbols symbols)
{
    // A flood of addresses must not fill the memory; what comes after this many kinds is counted without its flow.
    private const int MostKinds = 4096;
    private static readonly PacketFlow s_others = new("others", null, null, 0, null);
    private readonly Dictionary<Drop, DropCount> _counts = [];

    /// <summary>Whose each namespace is, by inode number; may be set anew as pods come and go.</summary>
    public required IReadOnlyDictionary<uint, Place> Places { get; set; }

    /// <summary>Only drops at these places.</summary>
    public Func<Place, bool> Wanted { get; init; } = _ => true;

    /// <summary>Also what happens on a healthy network, and namespaces that are not the cluster's.</summary>
    public bool All { get; init; }

    public IEnumerable<DropCount> Counts => _counts.Values.OrderByDescending(count => count.Count).ThenBy(count => count.First);

    /// <summary>Counts a packet; null when it is none to show.</summary>
    public DropCount? Add(in PacketEvent packet)
    {
        var known = Places.TryGetValue(packet.NetNs, out var place);
        place ??= Place.Unknown(packet.NetNs);
        if ((!known && !All) || !Wanted(place))
            return null;
        var reason = reasons.GetValueOrDefault(packet.Reason, $"reason {packet.Reason}");
        var function = symbols.Function(packet.Location);
        var meaning = DropMeanings.Of(reason, function);
        if (meaning.Ordinary && !All)
            return null;
        var drop = new Drop(place, packet.Device, reason, function, FlowReader.Read(packet));
        // Who sends to a group expects that some do not listen.
        if (!All && IsGroup(drop.Flow.Destination))
            return null;
        if (!_counts.ContainsKey(drop) && _counts.Count >= MostKinds)
            drop = drop with { Flow = s_others };
        var count = _counts.TryGetValue(drop, out var before)
            ? before with { Count = before.Count + 1, Last = packet.Time }
            : new DropCount(drop, meaning, 1, packet.Time, packet.Time);
        _counts[drop] = count;
        return count;
    }

    private static bool IsGroup(IPAddress? address) => address is not null && (address.IsIPv6Multicast || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] >= 224));
}
