using Network.Capture;
using Network.Capture.PcapNg;

namespace Network.Kernel.Tests.Capture;

/// <summary>Writes pcapng into nothing and measures what the recording thread allocates from a mark on.</summary>
internal sealed class AllocationSink : IPacketSink
{
    private readonly PcapNgSink _inner = new(Stream.Null, "podnet test", "", []);
    private volatile bool _marked;
    private long _start = -1;
    private int _packets;

    /// <summary>All packets so far.</summary>
    internal int Packets => Volatile.Read(ref _packets);

    internal long MeasuredPackets { get; private set; }

    internal long MeasuredBytes { get; private set; }

    internal void Mark() => _marked = true;

    public void Begin(IReadOnlyList<OpenedSource> sources, CaptureSettings settings) => _inner.Begin(sources, settings);

    public void Write(in CapturedPacket packet)
    {
        _inner.Write(packet);
        Volatile.Write(ref _packets, _packets + 1);
        if (!_marked)
            return;
        var now = GC.GetAllocatedBytesForCurrentThread();
        if (_start < 0)
            _start = now;
        MeasuredBytes = now - _start;
        MeasuredPackets++;
    }

    public void Flush() => _inner.Flush();

    public void End(CaptureReport report) => _inner.End(report);
}
