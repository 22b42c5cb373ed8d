using System.Buffers.Binary;

namespace Network.Api.Schema;

internal enum WireType { Varint = 0, Fixed64 = 1, Bytes = 2, StartGroup = 3, EndGroup = 4, Fixed32 = 5 }

/// <summary>Reads protobuf wire format from hostile bytes: every method says no instead of throwing.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>True once a read met malformed or truncated bytes.</summary>
    public bool Failed { get; private set; }

    /// <summary>The next tag; false at the end or on malformed bytes (see <see cref="Failed"/>).</summary>
    public bool TryReadField(out int number, out WireType type)
    {
        (number, type) = (0, default);
        if (_rest.IsEmpty || Failed)
            return false;
        if (!TryReadVarint(out var tag) || tag >> 3 is 0 or > 536870911)
            return !(Failed = true);
        number = (int)(tag >> 3);
        type = (WireType)(tag & 7);
        return true;
    }

    public bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < 10 && i < _rest.Length; i++)
        {
            var b = _rest[i];
            value |= (ulong)(b & 0x7f) << (7 * i);
            if (b >= 0x80)
                continue;
            _rest = _rest[(i + 1)..];
            return true;
        }

        return !(Failed = true);
    }

    public bool TryReadFixed64(out ulong value)
    {
        value = 0;
        if (_rest.Length < 8)
            return !(Failed = true);
        value = BinaryPrimitives.ReadUInt64LittleEndian(_rest);
        _rest = _rest[8..];
        return true;
    }

    public bool TryReadBytes(out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!TryReadVarint(out var length) || length > (ulong)_rest.Length)
            return !(Failed = true);
        value = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    public bool TrySkip(WireType type)
    {
        switch (type)
        {
            case WireType.Varint:
                return TryReadVarint(out _);
            case WireType.Fixed64:
                return TryReadFixed64(out _);
            case WireType.Bytes:
                return TryReadBytes(out _);
            case WireType.Fixed32 when _rest.Length >= 4:
                _rest = _rest[4..];
                return true;
            default:
                return !(Failed = true);
        }
    }
}
