namespace Network.Capture.Live;

/// <summary>A copy of a packet that waits for its turn; used again and again.</summary>
internal sealed class WaitingPacket(int capacity)
{
    internal readonly byte[] Buffer = new byte[capacity];
    internal WaitingPacket? NextFree;
    internal long Arrived;
    internal long Timestamp;
    internal int Length;
    internal int WireLength;
    internal int Source;
    internal PacketDirection Direction;

    internal CapturedPacket View => new()
    {
        Source = Source,
        Timestamp = Timestamp,
        WireLength = WireLength,
        Direction = Direction,
        Data = Buffer.AsSpan(0, Length),
    };
}
