using System.Buffers.Binary;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Network.Netlink.Interop;

namespace Network.Netlink.Protocol;

/// <summary>
/// Writes one netlink message into a batch. Scopes back-patch lengths when disposed, so the indentation of the C#
/// is the nesting on the wire:
/// <code>
///  nlmsghdr(16) | family header | nlattr(4) value pad-to-4 | nlattr(4) [ nlattr value ... ] | ...
/// </code>
/// </summary>
public readonly ref struct NetlinkWriter
{
    private readonly NetlinkBatch _batch;
    private readonly int _start;

    internal NetlinkWriter(NetlinkBatch batch, ushort type, ushort flags, uint sequence)
    {
        _batch = batch;
        _start = batch.Length;
        Write(new nlmsghdr { nlmsg_type = type, nlmsg_flags = flags, nlmsg_seq = sequence });
    }

    /// <summary>The family's fixed header; must come first.</summary>
    public void Header<T>(T header) where T : unmanaged => Write(header);

    public void Put(ushort type, ReadOnlySpan<byte> value)
    {
        var length = Unsafe.SizeOf<nlattr>() + value.Length;
        if (length > ushort.MaxValue)
            throw new ArgumentException($"netlink attribute {type} of {value.Length} bytes is longer than {ushort.MaxValue - 4}");
        Write(new nlattr { nla_len = (ushort)length, nla_type = type });
        value.CopyTo(_batch.Reserve(Aligned(value.Length)));
    }

    /// <summary>An attribute whose presence is its value (NLA_FLAG).</summary>
    public void PutFlag(ushort type) => Put(type, ReadOnlySpan<byte>.Empty);

    public void Put(ushort type, byte value) => Put(type, new ReadOnlySpan<byte>(in value));

    /// <summary>Host byte order.</summary>
    public void Put(ushort type, ushort value) => Put(type, AsBytes(in value));

    /// <summary>Host byte order.</summary>
    public void Put(ushort type, uint value) => Put(type, AsBytes(in value));

    /// <summary>Host byte order.</summary>
    public void Put(ushort type, int value) => Put(type, AsBytes(in value));

    public void PutBigEndian(ushort type, ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        Put(type, bytes);
    }

    public void PutBigEndian(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Put(type, bytes);
    }

    public void PutBigEndian(ushort type, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        Put(type, bytes);
    }

    /// <summary>A zero-terminated string.</summary>
    public void Put(ushort type, string value)
    {
        Span<byte> bytes = stackalloc byte[512];
        if (!Encoding.UTF8.TryGetBytes(value, bytes[..^1], out var length))
            throw new ArgumentException($"netlink string attribute {type} is longer than {bytes.Length - 1} bytes");
        bytes[length] = 0;
        Put(type, bytes[..(length + 1)]);
    }

    public void Put(ushort type, IPAddress value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, out var length);
        Put(type, bytes[..length]);
    }

    public void Put(ushort type, MacAddress value)
    {
        Span<byte> bytes = stackalloc byte[MacAddress.Size];
        value.CopyTo(bytes);
        Put(type, bytes);
    }

    /// <summary>Opens a nested attribute; dispose closes it.</summary>
    public AttributeScope Nest(ushort type)
    {
        var start = _batch.Length;
        Write(new nlattr { nla_type = (ushort)(type | NetlinkH.NLA_F_NESTED) });
        return new AttributeScope(_batch, start);
    }

    /// <summary>Closes the message: back-patches nlmsg_len.</summary>
    public void Dispose() =>
        MemoryMarshal.Write(_batch.Written[_start..], (uint)(_batch.Length - _start));

    internal static int Aligned(int length) => (length + 3) & ~3;

    private static ReadOnlySpan<byte> AsBytes<T>(in T value) where T : unmanaged =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));

    private void Write<T>(T value) where T : unmanaged =>
        MemoryMarshal.Write(_batch.Reserve(Aligned(Unsafe.SizeOf<T>())), in value);
}
