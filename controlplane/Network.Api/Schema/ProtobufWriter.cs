using System.Buffers;
using System.Buffers.Binary;

namespace Network.Api.Schema;

/// <summary>
/// A growing buffer of protobuf wire format. A nested message is opened, written and closed; its length is put in front afterwards, so nothing is measured
/// beforehand. The bytes live in the shared pool until <see cref="Dispose"/>.
/// </summary>
public sealed class ProtobufWriter : IDisposable
{
    private readonly List<(int Number, int Start)> _chunks = [];
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(1024);
    private int _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public int Length => _length;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _length = 0;
    }

    /// <summary>Forgets what was written and keeps the buffer.</summary>
    public void Clear() => _length = 0;

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _length += bytes.Length;
    }

    public void Varint(ulong value)
    {
        _length += PutVarint(Reserve(10), value);
    }

    public void Scalar(int number, ulong value)
    {
        Tag(number, WireType.Varint);
        Varint(value);
    }

    public void Fixed64(int number, double value)
    {
        Tag(number, WireType.Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(Reserve(8), value);
        _length += 8;
    }

    public void Bytes(int number, ReadOnlySpan<byte> value)
    {
        Tag(number, WireType.Bytes);
        Varint((ulong)value.Length);
        Raw(value);
    }

    public void Text(int number, string value)
    {
        Tag(number, WireType.Bytes);
        var mark = Open();
        var room = Reserve(System.Text.Encoding.UTF8.GetMaxByteCount(value.Length));
        _length += System.Text.Encoding.UTF8.GetBytes(value, room);
        Close(mark);
    }

    /// <summary>Begins a length-delimited field; the result goes to <see cref="Close"/>.</summary>
    public int Open(int number)
    {
        Tag(number, WireType.Bytes);
        return Open();
    }

    public void Close(int mark)
    {
        var size = _length - mark - 1;
        var extra = 0;
        for (var rest = (uint)size >> 7; rest > 0; rest >>= 7)
            extra++;
        if (extra > 0)
        {
            Reserve(extra);
            _bytes.AsSpan(mark + 1, size).CopyTo(_bytes.AsSpan(mark + 1 + extra));
        }

        PutVarint(_bytes.AsSpan(mark), (uint)size);
        _length += extra;
    }

    /// <summary>Room for a value whose size is known only when it stands there; <see cref="Advance"/> says how long it became.</summary>
    internal Span<byte> Reserve(int count)
    {
        if (_bytes.Length - _length < count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + count));
            _bytes.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        return _bytes.AsSpan(_length);
    }

    internal void Advance(int count) => _length += count;

    internal void Tag(int number, WireType type) => Varint((ulong)number << 3 | (uint)type);

    /// <summary>Begins the fields of one message; the result goes to <see cref="EndFields"/>.</summary>
    internal int BeginFields() => _chunks.Count;

    internal void BeginField(int number) => _chunks.Add((number, _length));

    /// <summary>Puts the fields written since into the order of their numbers, as generated encoders write them.</summary>
    internal void EndFields(int first)
    {
        var fields = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_chunks)[first..];
        var sorted = true;
        for (var i = 1; i < fields.Length; i++)
            sorted &= fields[i - 1].Number <= fields[i].Number;
        if (!sorted)
            Reorder(fields);
        _chunks.RemoveRange(first, _chunks.Count - first);
    }

    private static int PutVarint(Span<byte> room, ulong value)
    {
        var at = 0;
        while (value >= 0x80)
        {
            room[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        room[at++] = (byte)value;
        return at;
    }

    private int Open()
    {
        Reserve(1);
        return _length++;
    }

    private void Reorder(Span<(int Number, int Start)> fields)
    {
        var begin = fields[0].Start;
        var copy = ArrayPool<byte>.Shared.Rent(_length - begin);
        _bytes.AsSpan(begin, _length - begin).CopyTo(copy);
        var order = new (int Number, int Start, int Size)[fields.Length];
        for (var i = 0; i < order.Length; i++)
            order[i] = (fields[i].Number, fields[i].Start - begin, (i + 1 < order.Length ? fields[i + 1].Start : _length) - fields[i].Start);
        Array.Sort(order, static (a, b) => a.Number.CompareTo(b.Number));
        var at = begin;
        foreach (var (_, start, size) in order)
        {
            copy.AsSpan(start, size).CopyTo(_bytes.AsSpan(at));
            at += size;
        }

        ArrayPool<byte>.Shared.Return(copy);
    }
}
