using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Network.Diagnosis.Trace;

/// <summary>One packet at one place of the kernel; valid only during the call that hands it over.</summary>
public readonly ref struct PacketEvent
{
    // What the program in the kernel writes, see PacketEventCode.
    internal const int TimeAt = 0, BufferAt = 8, LocationAt = 16, ReasonAt = 24, KindAt = 28, DeviceIndexAt = 32, NetNsAt = 36, LengthAt = 40, MarkAt = 44,
        DeviceAt = 48, ProtocolAt = 64, MacAt = 66, NetworkAt = 68, HeadAt = 72, BytesAt = 80, BytesKept = 128, Size = BytesAt + BytesKept;

    private const int NameSize = 16;
    private const ushort Unset = 0xffff;
    private const int EthernetHeader = 14;
    private readonly ReadOnlySpan<byte> _record;

    internal PacketEvent(ReadOnlySpan<byte> record) => _record = record;

    /// <summary>Nanoseconds since the machine started (CLOCK_MONOTONIC); one clock for every namespace.</summary>
    public long Time => (long)U64(TimeAt);

    /// <summary>The address of the kernel's buffer: the same at every device until it is freed or cloned.</summary>
    public ulong Buffer => U64(BufferAt);

    public PacketEventKind Kind => (PacketEventKind)U32(KindAt);

    /// <summary>The code address that dropped it; 0 unless dropped.</summary>
    public ulong Location => U64(LocationAt);

    /// <summary>A value of the kernel's enum skb_drop_reason; 0 unless dropped.</summary>
    public int Reason => (int)U32(ReasonAt);

    /// <summary>The device the packet is at, or empty where it is at none (a socket's queue, say).</summary>
    public string Device => Name is { Length: > 0 } name ? Encoding.ASCII.GetString(name) : "";

    public int DeviceIndex => Name.Length > 0 ? (int)U32(DeviceIndexAt) : 0;

    /// <summary>Inode number of the network namespace; 0 when neither a device nor a socket tells.</summary>
    public uint NetNs => U32(NetNsAt);

    /// <summary>Bytes of the packet from where the layer that has it looks.</summary>
    public int Length => (int)U32(LengthAt);

    public uint Mark => U32(MarkAt);

    /// <summary>EtherType.</summary>
    public ushort Protocol => BinaryPrimitives.ReverseEndianness(U16(ProtocolAt));

    /// <summary>Whether <see cref="Bytes"/> begin with an Ethernet header; else they begin with the network header.</summary>
    public bool HasEthernet => U16(MacAt) != Unset && U16(NetworkAt) - U16(MacAt) >= EthernetHeader;

    /// <summary>The first bytes; zeros behind the end of the buffer.</summary>
    public ReadOnlySpan<byte> Bytes => _record.Slice(BytesAt, BytesKept);

    // A buffer in a socket's queue keeps other things where the device stood: only what reads as a name is one.
    private ReadOnlySpan<byte> Name
    {
        get
        {
            var name = _record.Slice(DeviceAt, NameSize);
            var length = name.IndexOf((byte)0);
            if (length <= 0)
                return [];
            foreach (var character in name[..length])
            {
                if (character is <= (byte)' ' or > (byte)'~')
                    return [];
            }

            return name[..length];
        }
    }

    private ushort U16(int at) => MemoryMarshal.Read<ushort>(_record[at..]);

    private uint U32(int at) => MemoryMarshal.Read<uint>(_record[at..]);

    private ulong U64(int at) => MemoryMarshal.Read<ulong>(_record[at..]);
}
