using System.Buffers.Binary;

namespace Network.Kubelet.Streaming.Spdy;

internal enum SpdyFrameType
{
    Data = 0,
    SynStream = 1,
    SynReply = 2,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
    WindowUpdate = 9,
}

/// <summary>
/// The eight bytes every SPDY/3.1 frame begins with.
/// <code>
/// control  1 version(15) type(16) | flags(8) length(24)
/// data     0 streamId(31)         | flags(8) length(24)
/// </code>
/// </summary>
internal readonly record struct SpdyFrame(SpdyFrameType Type, int StreamId, byte Flags, int Length)
{
    internal const int HeaderSize = 8;
    internal const byte Fin = 1;
    private const uint ControlBit = 0x8000_0000;
    private const uint Version = 3;

    internal bool IsLast => (Flags & Fin) != 0;

    /// <returns>False when the bytes are no SPDY/3 header.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out SpdyFrame frame)
    {
        frame = default;
        if (bytes.Length < HeaderSize)
            return false;
        var first = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        var second = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        var flags = (byte)(second >> 24);
        var length = (int)(second & 0xff_ffff);
        if ((first & ControlBit) == 0)
        {
            frame = new SpdyFrame(SpdyFrameType.Data, (int)first, flags, length);
            return true;
        }

        if ((first & ~ControlBit) >> 16 != Version)
            return false;
        frame = new SpdyFrame((SpdyFrameType)(first & 0xffff), 0, flags, length);
        return true;
    }

    internal void Write(Span<byte> target)
    {
        var first = Type == SpdyFrameType.Data ? (uint)StreamId : ControlBit | (Version << 16) | (uint)Type;
        BinaryPrimitives.WriteUInt32BigEndian(target, first);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], ((uint)Flags << 24) | (uint)Length);
    }
}
