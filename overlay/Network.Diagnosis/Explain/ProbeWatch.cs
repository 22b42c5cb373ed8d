using System.Net.Sockets;
using Network.Diagnosis.Probes;
using Network.Diagnosis.Trace;

namespace Network.Diagnosis.Explain;

/// <summary>
/// Picks one probe, its answer and what was said of it out of everything the kernel saw. Address translation and tunnels change
/// addresses and ports, so a connection is known by its sequence number, the others by their cookie. Not for several threads.
/// </summary>
public sealed class ProbeWatch(ProbeResult result)
{
    private readonly List<Sighting> _sightings = [];
    private readonly ProbeSpec _probe = result.Probe;
    private uint? _sequence;

    public ProbeResult Result => result;

    /// <summary>In the order of time.</summary>
    public IReadOnlyList<Sighting> Sightings => _sightings;

    /// <summary>Takes the packet when it belongs to the probe. Packets must come in the order of time.</summary>
    public bool Offer(Sighting seen)
    {
        if (LegOf(seen.Headers) is not { } leg)
            return false;
        _sightings.Add(seen with { Leg = leg });
        return true;
    }

    private Leg? LegOf(PacketHeaders headers)
    {
        if (headers is { IsIcmpError: true, Quoted: { } quoted })
            return LegOf(quoted) == Leg.Forward ? Leg.Error : null;
        return _probe.Protocol switch
        {
            ProtocolType.Tcp => OfTcp(headers),
            ProtocolType.Udp => OfUdp(headers),
            _ => OfEcho(headers),
        };
    }

    private Leg? OfTcp(PacketHeaders headers)
    {
        if (headers.Protocol != PacketHeaders.Tcp)
            return null;
        var opens = (headers.Flags & (PacketHeaders.Syn | PacketHeaders.Acknowledges)) == PacketHeaders.Syn;
        if (_sequence is null && opens && headers.SourcePort == result.Source.Port && headers.Destination.Equals(_probe.Target.Address) && headers.DestinationPort == _probe.Target.Port)
            _sequence = headers.Sequence;
        if (_sequence is not { } sequence)
            return null;
        // What an ICMP message quotes is eight bytes: ports and the number, no flags.
        if (headers.Sequence == sequence && (opens || headers.Flags == 0))
            return Leg.Forward;
        return headers.Acknowledgement == sequence + 1 && (headers.Flags & (PacketHeaders.Syn | PacketHeaders.Reset)) != 0 ? Leg.Reply : null;
    }

    private Leg? OfUdp(PacketHeaders headers)
    {
        if (headers.Protocol != PacketHeaders.Udp)
            return null;
        if (headers.Cookie == _probe.Cookie || (headers.SourcePort == result.Source.Port && headers.Destination.Equals(_probe.Target.Address) && headers.DestinationPort == _probe.Target.Port))
            return Leg.Forward;
        return headers.DestinationPort == result.Source.Port && _sightings.Any(seen => seen.Leg == Leg.Forward && seen.Headers.Destination.Equals(headers.Source)) ? Leg.Reply : null;
    }

    private Leg? OfEcho(PacketHeaders headers) => headers.Protocol is PacketHeaders.Icmp or PacketHeaders.IcmpV6 && headers.Cookie == _probe.Cookie
        ? headers.IcmpType switch { 8 or 128 => Leg.Forward, 0 or 129 => Leg.Reply, _ => null }
        : null;
}
