using System.Buffers.Binary;
using System.Text;

namespace Network.Capture.PcapNg;

/// <summary>
/// Little-endian bytes of pcapng blocks (draft-ietf-opsawg-pcapng, section 3.1):
/// <code>
///   type:32  total length:32  body  padding to 32 bits  total length:32
/// </code>
/// and of options (section 3.5): code:16, length:16, value, padding to 32 bits.
/// </summary>
internal sealed class BlockBuffer
{
    private byte[] _bytes = new byte[64 * 1024];

    internal int Length { get; private set; }

    internal ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    internal void Clear() => Length = 0;

    /// <summary>Ends the block when disposed: pads and writes its length on both sides.</summary>
    internal Scope Block(uint type)
    {
        var start = Length;
        U32(type);
        U32(0);
        return new Scope(this, start);
    }

    internal void U16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);

    internal void U32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);

    internal void U64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);

    /// <summary>Time stamps are two words, the high one first, whatever the byte order.</summary>
    internal void Time(long nanoseconds)
    {
        U32((uint)((ulong)nanoseconds >> 32));
        U32((uint)nanoseconds);
    }

    internal void Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Take(value.Length));
        Pad(value.Length);
    }

    internal void TextOption(ushort code, string? text, byte? prefix = null)
    {
        if (string.IsNullOrEmpty(text))
            return;
        var value = Encoding.UTF8.GetBytes(text);
        var size = value.Length + (prefix is null ? 0 : 1);
        if (size > ushort.MaxValue)
            throw new ArgumentException($"pcapng option {code}: {size} bytes of text do not fit; the format allows {ushort.MaxValue}", nameof(text));
        U16(code);
        U16((ushort)size);
        if (prefix is { } first)
            Take(1)[0] = first;
        value.CopyTo(Take(value.Length));
        Pad(size);
    }

    internal void NumberOption(ushort code, ulong value)
    {
        U16(code);
        U16(8);
        U64(value);
    }

    internal void TimeOption(ushort code, long nanoseconds)
    {
        U16(code);
        U16(8);
        Time(nanoseconds);
    }

    internal void EndOptions() => U32(0);

    internal void Pad(int size) => Take(-size & 3).Clear();

    private Span<byte> Take(int count)
    {
        if (Length + count > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        var span = _bytes.AsSpan(Length, count);
        Length += count;
        return span;
    }

    internal readonly ref struct Scope(BlockBuffer buffer, int start)
    {
        public void Dispose()
        {
            var total = (uint)(buffer.Length - start + 4);
            buffer.U32(total);
            BinaryPrimitives.WriteUInt32LittleEndian(buffer._bytes.AsSpan(start + 4), total);
        }
    }
}
