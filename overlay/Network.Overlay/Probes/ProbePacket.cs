using System.Buffers.Binary;

namespace Network.Overlay;

/// <summary>
/// A question or an answer between two daemons, in UDP through the tunnel:
/// <code>
/// "PNp1"(4) | 1 question, 2 answer (1) | bit 0: without UDP checksum (1) | size of the question (2) | target (4) | sequence (4) | sent at (8) | padding
/// </code>
/// All big endian. An answer repeats the question's first 24 bytes and has no padding, so a long question measures one direction.
/// </summary>
internal readonly record struct ProbePacket(bool IsAnswer, bool Unchecked, int Size, int Target, uint Sequence, long SentAt)
{
    internal const int HeaderSize = 24;
    private static ReadOnlySpan<byte> Magic => "PNp1"u8;

    internal static bool TryRead(ReadOnlySpan<byte> bytes, out ProbePacket packet)
    {
        packet = default;
        if (bytes.Length < HeaderSize || !bytes.StartsWith(Magic) || bytes[4] is not (1 or 2) || bytes[5] > 1)
            return false;
        packet = new ProbePacket(bytes[4] == 2, bytes[5] == 1, BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]),
            BinaryPrimitives.ReadInt32BigEndian(bytes[8..]), BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]), BinaryPrimitives.ReadInt64BigEndian(bytes[16..]));
        return true;
    }

    /// <summary>Writes the header; what follows is padding and left as it is.</summary>
    internal void Write(Span<byte> bytes)
    {
        Magic.CopyTo(bytes);
        bytes[4] = (byte)(IsAnswer ? 2 : 1);
        bytes[5] = (byte)(Unchecked ? 1 : 0);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)Size);
        BinaryPrimitives.WriteInt32BigEndian(bytes[8..], Target);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], Sequence);
        BinaryPrimitives.WriteInt64BigEndian(bytes[16..], SentAt);
    }
}
