namespace Network.Capture.Live;

/// <summary>
/// Puts packets of several devices in order of time. Buffers are kept and used again, so a running capture allocates
/// nothing; when they pass the limit the oldest packets leave early.
/// </summary>
internal sealed class PacketOrder(long limitBytes)
{
    private static readonly int[] s_capacities = [256, 2048, 16384, 65536, CaptureSettings.WholePacket];
    private readonly PriorityQueue<WaitingPacket, (long Timestamp, long Sequence)> _waiting = new(1024);
    private readonly Stack<WaitingPacket>[] _free = s_capacities.Select(_ => new Stack<WaitingPacket>(64)).ToArray();
    private long _bytes;
    private long _sequence;
    private long _lastTimestamp = long.MinValue;

    /// <summary>Packets that left after a younger one.</summary>
    internal long Late { get; private set; }

    internal bool IsOver => _bytes > limitBytes;

    /// <summary>When the packet that leaves next was read; null when none waits.</summary>
    internal long? NextArrived => _waiting.TryPeek(out var next, out _) ? next.Arrived : null;

    /// <param name="arrived">When the packet was read, by the caller's clock.</param>
    internal void Add(in CapturedPacket packet, long arrived)
    {
        var slot = Rent(packet.Data.Length);
        packet.Data.CopyTo(slot.Buffer);
        slot.Arrived = arrived;
        slot.Timestamp = packet.Timestamp;
        slot.Length = packet.Data.Length;
        slot.WireLength = packet.WireLength;
        slot.Source = packet.Source;
        slot.Direction = packet.Direction;
        _bytes += slot.Buffer.Length;
        _waiting.Enqueue(slot, (packet.Timestamp, _sequence++));
    }

    /// <summary>The oldest packet, if it was read no later than <paramref name="safe"/> or memory runs out. Give it back with <see cref="Return"/>.</summary>
    internal bool TryTake(long safe, out WaitingPacket packet)
    {
        if (!_waiting.TryPeek(out packet!, out _) || (packet.Arrived > safe && !IsOver))
            return false;
        _waiting.Dequeue();
        _bytes -= packet.Buffer.Length;
        if (packet.Timestamp < _lastTimestamp)
            Late++;
        else
            _lastTimestamp = packet.Timestamp;
        return true;
    }

    internal void Return(WaitingPacket packet) => _free[ClassOf(packet.Buffer.Length)].Push(packet);

    private WaitingPacket Rent(int length)
    {
        var size = ClassOf(length);
        return _free[size].TryPop(out var packet) ? packet : new WaitingPacket(s_capacities[size]);
    }

    private static int ClassOf(int length)
    {
        var size = 0;
        while (s_capacities[size] < length)
            size++;
        return size;
    }
}
