namespace Network.Capture.Live;

/// <summary>
/// Puts packets of several devices in order of time. Buffers are kept and used again, so a running capture allocates
/// nothing; when they pass the limit the oldest packets leave early. A packet keeps its time stamp when the kernel takes it
/// out of its tunnel, so at one instant the sources' order decides.
/// </summary>
internal sealed class PacketOrder(long limitBytes)
{
    private static readonly int[] s_capacities = [256, 2048, 16384, 65536, CaptureSettings.WholePacket];
    private readonly PriorityQueue<WaitingPacket, (long Timestamp, int Source, long Sequence)> _waiting = new(1024);
    private readonly WaitingPacket?[] _free = new WaitingPacket?[s_capacities.Length];
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
        _waiting.Enqueue(slot, (packet.Timestamp, packet.Source, _sequence++));
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

    internal void Return(WaitingPacket packet)
    {
        ref var free = ref _free[ClassOf(packet.Buffer.Length)];
        packet.NextFree = free;
        free = packet;
    }

    private WaitingPacket Rent(int length)
    {
        var size = ClassOf(length);
        if (_free[size] is not { } packet)
            return new WaitingPacket(s_capacities[size]);
        _free[size] = packet.NextFree;
        return packet;
    }

    private static int ClassOf(int length)
    {
        var size = 0;
        while (s_capacities[size] < length)
            size++;
        return size;
    }
}
