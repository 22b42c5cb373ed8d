namespace Network.Capture.PcapNg;

/// <summary>Records a session as pcapng, readable while it grows.</summary>
/// <param name="application">Product and version.</param>
/// <param name="comment">What the recording is of.</param>
/// <param name="names">Names for addresses, known when the recording starts.</param>
public sealed class PcapNgSink(Stream output, string application, string comment, IReadOnlyList<PcapNgName> names) : IPacketSink
{
    private readonly PcapNgWriter _writer = new(output);

    public void Begin(IReadOnlyList<OpenedSource> sources, CaptureSettings settings)
    {
        _writer.WriteSection(application, comment);
        foreach (var (source, linkType) in sources)
            _writer.WriteInterface(new PcapNgInterface(source.Name, source.Description, linkType, settings.SnapLength, settings.Filter));
        _writer.WriteNames(names);
    }

    public void Write(in CapturedPacket packet) => _writer.WritePacket(packet);

    public void Flush() => _writer.Flush();

    public void End(CaptureReport report)
    {
        for (var i = 0; i < report.Sources.Count; i++)
        {
            var source = report.Sources[i];
            _writer.WriteStatistics((uint)i, new PcapNgStatistics(Nanoseconds(report.Started), Nanoseconds(report.Ended),
                (ulong)source.Accepted, (ulong)source.Lost, (ulong)source.Packets));
        }

        _writer.Flush();
    }

    private static long Nanoseconds(DateTimeOffset time) => (time.Ticks - DateTimeOffset.UnixEpoch.Ticks) * 100;
}
