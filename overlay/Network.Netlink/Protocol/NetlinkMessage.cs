using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Network.Netlink.Protocol;

/// <summary>One received message: its header and what follows. A view, valid while the receive buffer is.</summary>
public readonly ref struct NetlinkMessage
{
    internal NetlinkMessage(ushort type, ushort flags, uint sequence, ReadOnlySpan<byte> payload)
    {
        Type = type;
        Flags = flags;
        Sequence = sequence;
        Payload = payload;
    }

    public ushort Type { get; }

    public ushort Flags { get; }

    public uint Sequence { get; }

    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Reads the family's fixed header and positions a reader at the attributes after it.</summary>
    /// <returns>False when the message is too short to hold the header.</returns>
    public bool TryReadHeader<T>(out T header, out AttributeReader attributes) where T : unmanaged
    {
        attributes = default;
        if (!MemoryMarshal.TryRead(Payload, out header))
            return false;
        var size = NetlinkWriter.Aligned(Unsafe.SizeOf<T>());
        attributes = new AttributeReader(size < Payload.Length ? Payload[size..] : []);
        return true;
    }
}
