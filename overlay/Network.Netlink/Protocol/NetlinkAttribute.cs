using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Network.Netlink.Protocol;

/// <summary>One attribute: type without flag bits, and its value.</summary>
public readonly ref struct NetlinkAttribute
{
    internal NetlinkAttribute(ushort type, ReadOnlySpan<byte> value)
    {
        Type = type;
        Value = value;
    }

    public ushort Type { get; }

    public ReadOnlySpan<byte> Value { get; }

    /// <summary>The attributes nested in this one.</summary>
    public AttributeReader Nested => new(Value);

    public bool TryGet(out byte value)
    {
        value = Value.IsEmpty ? default : Value[0];
        return !Value.IsEmpty;
    }

    public bool TryGet(out uint value) => MemoryMarshal.TryRead(Value, out value);

    public bool TryGet(out int value) => MemoryMarshal.TryRead(Value, out value);

    public bool TryGetBigEndian(out ushort value) => BinaryPrimitives.TryReadUInt16BigEndian(Value, out value);

    public bool TryGetBigEndian(out uint value) => BinaryPrimitives.TryReadUInt32BigEndian(Value, out value);

    public bool TryGetBigEndian(out ulong value) => BinaryPrimitives.TryReadUInt64BigEndian(Value, out value);

    public bool TryGet(out IPAddress? value)
    {
        value = Value.Length is 4 or 16 ? new IPAddress(Value) : null;
        return value is not null;
    }

    public bool TryGet(out MacAddress value) => MacAddress.TryRead(Value, out value);

    /// <summary>Text up to the first zero byte; invalid UTF-8 becomes replacement characters.</summary>
    public string GetText()
    {
        var end = Value.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? Value : Value[..end]);
    }
}
