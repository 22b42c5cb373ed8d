using System.Globalization;
using PacketDotNet;

namespace Network.Capture.Decode;

/// <summary>One packet as one line of text; for people, so it may allocate.</summary>
public static class PacketLine
{
    /// <summary>Time of day, source, direction, summary.</summary>
    public static string Format(in CapturedPacket packet, OpenedSource source, TimeZoneInfo zone)
    {
        var utc = DateTimeOffset.UnixEpoch.AddTicks(packet.Timestamp / 100);
        var time = TimeZoneInfo.ConvertTime(utc, zone).ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
        var direction = packet.Direction switch
        {
            PacketDirection.Inbound => "in ",
            PacketDirection.Outbound => "out",
            _ => "?  ",
        };
        return $"{time} {source.Source.Name} {direction} {Summary(packet.Data, packet.WireLength, source.LinkType)}";
    }

    /// <summary>What the packet is, outermost header first; never throws, whatever the bytes are.</summary>
    public static string Summary(ReadOnlySpan<byte> data, int wireLength, ushort linkType)
    {
        string text;
        try
        {
            text = PacketSummary.Of(Packet.ParsePacket((LinkLayers)linkType, data.ToArray()));
        }
        // PacketDotNet reads headers lazily and without looking at how many bytes there are; what it throws then is not defined.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            text = data.Length < wireLength ? "cut short by the snap length" : "malformed";
        }

        return $"{text}, {wireLength} B";
    }
}
