namespace Network.Capture.Decode;

/// <summary>Prints a session, a line a packet.</summary>
public sealed class LineSink(TextWriter output, TimeZoneInfo zone) : IPacketSink
{
    private IReadOnlyList<OpenedSource> _sources = [];

    public void Begin(IReadOnlyList<OpenedSource> sources, CaptureSettings settings) => _sources = sources;

    public void Write(in CapturedPacket packet) => output.WriteLine(PacketLine.Format(packet, _sources[packet.Source], zone));

    public void Flush() => output.Flush();

    public void End(CaptureReport report) => output.Flush();
}
