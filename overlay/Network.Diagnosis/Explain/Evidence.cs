using Network.Capture;
using Network.Capture.PcapNg;
using Network.Diagnosis.Trace;

namespace Network.Diagnosis.Explain;

/// <summary>Writes what an explanation saw as pcapng: an interface a device, a packet id a probe, the kernel's reasons as comments.</summary>
public static class Evidence
{
    private const ushort EthernetLink = 1, RawIp = 101;

    public static void Write(Stream output, Explanation explanation, TimeProvider time)
    {
        using var writer = new PcapNgWriter(output);
        writer.WriteSection("podnet explain", $"{explanation.Question.Text}{string.Concat(explanation.Findings.Select(finding => $"\n{finding}"))}");
        var interfaces = new Dictionary<(string Place, string Device, bool Ethernet), int>();
        var packets = explanation.Trials.SelectMany((trial, number) => trial.Hops.Select(hop => (hop.Seen, Id: (ulong)(2 * number) + (hop.Seen.Leg == Leg.Forward ? 1u : 2u)))).OrderBy(packet => packet.Seen.Time).ToList();
        foreach (var (seen, _) in packets)
        {
            var key = (seen.Place, seen.Device, seen.HasEthernet);
            if (interfaces.ContainsKey(key))
                continue;
            var name = $"{(seen.Place.StartsWith("pod/", StringComparison.Ordinal) ? seen.Place[4..] : seen.Place)}/{(seen.Device.Length > 0 ? seen.Device : "none")}";
            interfaces[key] = (int)writer.WriteInterface(new PcapNgInterface(name, $"{seen.Device} of {seen.Place}", seen.HasEthernet ? EthernetLink : RawIp, PacketEvent.BytesKept, ""));
        }

        // The trace's clock begins with the machine; files want the calendar's.
        var offset = ((time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100) - (Environment.TickCount64 * 1_000_000);
        foreach (var (seen, id) in packets)
        {
            var wire = Wire(seen);
            writer.WritePacket(new CapturedPacket
            {
                Source = interfaces[(seen.Place, seen.Device, seen.HasEthernet)], Timestamp = seen.Time + offset, WireLength = wire,
                Direction = seen.Kind == PacketEventKind.Sent ? PacketDirection.Outbound : PacketDirection.Inbound, Data = seen.Bytes.AsSpan(0, Math.Min(wire, seen.Bytes.Length)),
            }, id, seen.Reason is null ? null : $"dropped: {seen.Reason} in {seen.Function} on {seen.Place}: {seen.Meaning!.Text}");
        }
    }

    // What the kernel calls a packet's length counts the Ethernet header only where it is still to be sent.
    private static int Wire(Sighting seen) => seen.HasEthernet && seen.Kind == PacketEventKind.Received ? seen.Length + 14 : Math.Max(seen.Length, 20);
}
