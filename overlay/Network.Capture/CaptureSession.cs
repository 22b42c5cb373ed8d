using Network.Capture.Interop;
using Network.Capture.Live;

namespace Network.Capture;

/// <summary>
/// Records several devices of several namespaces as one stream in order of time. One thread reads, orders and hands on, so
/// a slow sink shows as packets the kernel counts as lost, never as memory that grows.
/// </summary>
public sealed class CaptureSession : IDisposable
{
    // A packet may stay invisible until its block is handed over; the rest is slack for a busy machine. A packet read this
    // long ago has no older one still in a kernel ring, provided every ring has been emptied since.
    private static readonly TimeSpan s_hold = TimeSpan.FromMilliseconds(4 * CaptureLane.BlockMilliseconds);

    private const int ReadAtOnce = 4096;
    private readonly CaptureSettings _settings;
    private readonly TimeProvider _time;
    private readonly CaptureLane[] _lanes;
    private readonly LaneWaiter _waiter;
    private readonly PacketOrder _order;
    private readonly long[] _packets;
    private readonly long _hold;
    private readonly ManualResetEventSlim _idle = new(initialState: true);
    private volatile bool _disposed;
    private int _running;
    private long _emitted;

    private CaptureSession(CaptureSettings settings, TimeProvider time, CaptureLane[] lanes)
    {
        _settings = settings;
        _time = time;
        _lanes = lanes;
        _running = lanes.Length;
        _waiter = new LaneWaiter(lanes, settings.Output is { } output ? (int)output.DangerousGetHandle() : -1);
        _order = new PacketOrder(settings.ReorderBytes);
        _packets = new long[settings.Sources.Count];
        _hold = (long)(s_hold.TotalSeconds * time.TimestampFrequency);
    }

    private bool IsComplete => _settings.Count is { } count && _emitted >= count;

    /// <summary>Opens every source or none; from the return on every packet that matches is recorded.</summary>
    public static CaptureSession Open(CaptureSettings settings, TimeProvider time)
    {
        settings.Check();
        LibPcap.Require();
        var lanes = new List<CaptureLane>();
        try
        {
            for (var i = 0; i < settings.Sources.Count; i++)
                lanes.AddRange(CaptureLane.OpenBoth(settings.Sources[i], i, settings));
            // A socket takes everything from its first moment on. So: take nothing, let the kernel hand over the blocks it
            // has begun, throw them away, and only then take what was asked for.
            lanes.ForEach(lane => lane.Block());
            LaneWaiter.Pause(TimeSpan.FromMilliseconds(2 * CaptureLane.BlockMilliseconds));
            lanes.ForEach(lane => lane.Drain());
            lanes.ForEach(lane => lane.Unblock(settings.Filter));
            return new CaptureSession(settings, time, [.. lanes]);
        }
        catch
        {
            lanes.ForEach(lane => lane.Dispose());
            throw;
        }
    }

    /// <summary>Records until the count or the time is reached, all sources have ended, or it is stopped. Call it once.</summary>
    public CaptureReport Run(IPacketSink sink, CancellationToken stop)
    {
        _idle.Reset();
        var started = _time.GetUtcNow();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            using var wake = stop.Register(_waiter.Wake);
            sink.Begin(_lanes.DistinctBy(lane => lane.Index).Select(lane => new OpenedSource(lane.Source, lane.LinkType)).ToList(), _settings);
            sink.Flush();
            Record(sink, stop);
            var report = Report(started);
            sink.End(report);
            return report;
        }
        catch (IOException)
        {
            return Report(started);
        }
        finally
        {
            _idle.Set();
        }
    }

    /// <summary>Ends a run that is still going on, then closes the devices.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _waiter.Wake();
        // libpcap's memory must not vanish below the thread that reads it.
        _idle.Wait();
        foreach (var lane in _lanes)
            lane.Dispose();
        _waiter.Dispose();
        _idle.Dispose();
    }

    private void Record(IPacketSink sink, CancellationToken stop)
    {
        var begin = _time.GetTimestamp();
        var deadline = _settings.Duration is { } duration ? begin + (long)(duration.TotalSeconds * _time.TimestampFrequency) : long.MaxValue;
        while (!stop.IsCancellationRequested && !_disposed && !IsComplete && _running > 0 && !_waiter.ReaderIsGone)
        {
            var passStart = _time.GetTimestamp();
            if (passStart >= deadline)
                break;
            var emptied = ReadAll(passStart);
            var more = Emit(sink, emptied ? passStart - _hold : long.MinValue);
            if (emptied && !more)
                _waiter.Wait(UntilNext(deadline));
        }

        if (!IsComplete)
            Finish(sink);
    }

    // What was on the wire before the end is still in blocks the kernel has not handed over.
    private void Finish(IPacketSink sink)
    {
        var end = Nanoseconds(_time.GetUtcNow());
        LaneWaiter.Pause(TimeSpan.FromMilliseconds(2 * CaptureLane.BlockMilliseconds));
        foreach (var lane in _lanes)
        {
            while (lane.TryNext(out var header, out var data) && Add(lane, header, data, 0) <= end)
                Emit(sink, long.MinValue);
        }

        Emit(sink, long.MaxValue);
    }

    /// <summary>True when every ring was found empty.</summary>
    private bool ReadAll(long now)
    {
        var emptied = true;
        for (var i = 0; i < _lanes.Length; i++)
        {
            var lane = _lanes[i];
            if (lane.Ended is not null)
                continue;
            var read = 0;
            while (read < ReadAtOnce && lane.TryNext(out var header, out var data))
            {
                Add(lane, header, data, now);
                read++;
            }

            lane.CheckRemoved();
            if (lane.Ended is not null)
            {
                _waiter.Forget(i);
                _running--;
            }

            emptied &= read < ReadAtOnce;
        }

        return emptied;
    }

    private long Add(CaptureLane lane, PcapH.pcap_pkthdr header, ReadOnlySpan<byte> data, long now)
    {
        var timestamp = header.tv_sec * 1_000_000_000 + header.tv_nsec;
        _order.Add(new CapturedPacket
        {
            Source = lane.Index,
            Timestamp = timestamp,
            WireLength = (int)header.len,
            Direction = lane.Direction,
            Data = data,
        }, now);
        return timestamp;
    }

    /// <summary>Hands on what is safe; true when that was anything.</summary>
    private bool Emit(IPacketSink sink, long safe)
    {
        var any = false;
        while (!IsComplete && _order.TryTake(safe, out var packet))
        {
            sink.Write(packet.View);
            _packets[packet.Source]++;
            _emitted++;
            _order.Return(packet);
            any = true;
        }

        if (any)
            sink.Flush();
        return any;
    }

    // Never longer than a second, because nothing tells when a device is removed.
    private TimeSpan UntilNext(long deadline)
    {
        var now = _time.GetTimestamp();
        var due = Math.Min(deadline, _order.NextArrived is { } arrived ? arrived + _hold : now + _time.TimestampFrequency);
        return TimeSpan.FromSeconds(Math.Max(0, due - now) / (double)_time.TimestampFrequency);
    }

    private CaptureReport Report(DateTimeOffset started)
    {
        var sources = new List<SourceReport>();
        foreach (var both in _lanes.GroupBy(lane => lane.Index))
        {
            var counted = both.Select(lane => lane.Statistics()).ToList();
            sources.Add(new SourceReport(both.First().Source, _packets[both.Key], counted.Sum(one => one.Accepted), counted.Sum(one => one.Lost),
                both.Select(lane => lane.Ended).FirstOrDefault(reason => reason is not null)));
        }

        return new CaptureReport(sources, started, _time.GetUtcNow(), _order.Late);
    }

    private static long Nanoseconds(DateTimeOffset time) => (time.Ticks - DateTimeOffset.UnixEpoch.Ticks) * 100;
}
