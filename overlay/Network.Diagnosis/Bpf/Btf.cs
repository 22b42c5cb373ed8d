using System.Buffers.Binary;
using System.Text;

namespace Network.Diagnosis.Bpf;

/// <summary>
/// The running kernel's own description of its types (BTF, Documentation/bpf/btf.rst): where a field stands differs from kernel to
/// kernel, so nothing is assumed.
/// </summary>
public sealed class Btf
{
    public const string KernelPath = "/sys/kernel/btf/vmlinux";

    private const int HeaderLength = 24, TypeLength = 12, MemberLength = 12;
    private const int Struct = 4, Union = 5, Enum = 6, Typedef = 8, Volatile = 9, Const = 10, Restrict = 11, Enum64 = 19;
    private readonly byte[] _data;
    private readonly int _strings;
    private readonly int _stringsLength;

    // Where each type begins; number 0 is void.
    private readonly List<int> _types = [0];

    private Btf(byte[] data, int types, int typesLength, int strings, int stringsLength)
    {
        (_data, _strings, _stringsLength) = (data, strings, stringsLength);
        for (var at = types; at < types + typesLength;)
        {
            if (at + TypeLength > types + typesLength)
                throw new InvalidDataException($"BTF type {_types.Count} is cut short");
            _types.Add(at);
            at += TypeLength + Extra(Kind(at), Count(at), _types.Count - 1);
            if (at > types + typesLength)
                throw new InvalidDataException($"BTF type {_types.Count - 1} is cut short");
        }
    }

    /// <summary>Reads what the running kernel offers; <see cref="FileNotFoundException"/> where it offers nothing.</summary>
    public static Btf OfKernel() => File.Exists(KernelPath)
        ? Read(File.ReadAllBytes(KernelPath))
        : throw new FileNotFoundException($"this kernel does not describe its types ({KernelPath}, CONFIG_DEBUG_INFO_BTF), so packets inside it cannot be read; podnet capture and ip -s link still work");

    /// <summary>Reads a whole BTF blob in this machine's byte order.</summary>
    public static Btf Read(byte[] data)
    {
        const ushort magic = 0xeb9f;
        if (data.Length < HeaderLength || BinaryPrimitives.ReadUInt16LittleEndian(data) != magic || data[2] != 1)
            throw new InvalidDataException("no BTF of version 1 in this machine's byte order");
        long U(int at) => BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at));
        var (start, types, typesLength, strings, stringsLength) = (U(4), U(8), U(12), U(16), U(20));
        if (start < HeaderLength || start + types + typesLength > data.Length || start + strings + stringsLength > data.Length)
            throw new InvalidDataException("a section of the BTF ends behind the file");
        return new Btf(data, (int)(start + types), (int)typesLength, (int)(start + strings), (int)stringsLength);
    }

    /// <summary>
    /// Bytes from the beginning of a structure to a field; fields of embedded structures follow after dots. Null when this kernel
    /// has no such structure or field, or the field does not begin at a byte.
    /// </summary>
    public int? Offset(string structure, string path)
    {
        var type = Find(Struct, structure);
        var offset = 0;
        foreach (var name in path.Split('.'))
        {
            if (type is null || Member(type.Value, name) is not { } member || member.Bits % 8 != 0)
                return null;
            offset += member.Bits / 8;
            type = Resolve(member.Type);
        }

        return offset;
    }

    /// <summary>Values and names of an enumeration; empty when there is none of that name.</summary>
    public IReadOnlyDictionary<int, string> Values(string enumeration)
    {
        var values = new Dictionary<int, string>();
        var width = 8;
        if ((Find(Enum, enumeration) ?? Find(Enum64, enumeration)) is not { } at)
            return values;
        if (Kind(at) == Enum64)
            width = 12;
        for (var i = 0; i < Count(at); i++)
        {
            var entry = at + TypeLength + i * width;
            values[(int)U32(entry + 4)] = Text(U32(entry));
        }

        return values;
    }

    private int? Find(int kind, string name)
    {
        var wanted = Encoding.UTF8.GetBytes(name);
        for (var i = 1; i < _types.Count; i++)
        {
            if (Kind(_types[i]) == kind && Bytes(U32(_types[i])).SequenceEqual(wanted))
                return _types[i];
        }

        return null;
    }

    // Members without a name are structures and unions whose members belong to the one around them.
    private (int Bits, uint Type)? Member(int at, string name, int depth = 0)
    {
        if (Kind(at) is not (Struct or Union) || depth > 16)
            return null;
        var wanted = Encoding.UTF8.GetBytes(name);
        var packed = U32(at + 4) >> 31 == 1;
        for (var i = 0; i < Count(at); i++)
        {
            var member = at + TypeLength + i * MemberLength;
            var bits = (int)(packed ? U32(member + 8) & 0xffffff : U32(member + 8));
            var found = Bytes(U32(member));
            if (found.SequenceEqual(wanted))
                return (bits, U32(member + 4));
            if (found.Length == 0 && Resolve(U32(member + 4)) is { } inner && Member(inner, name, depth + 1) is { } deeper)
                return (bits + deeper.Bits, deeper.Type);
        }

        return null;
    }

    private int? Resolve(uint type)
    {
        for (var step = 0; step < 32 && type > 0 && type < _types.Count; step++)
        {
            var at = _types[(int)type];
            if (Kind(at) is not (Typedef or Volatile or Const or Restrict))
                return at;
            type = U32(at + 8);
        }

        return null;
    }

    private static int Extra(int kind, int count, int number) => kind switch
    {
        1 or 14 or 17 => 4,
        2 or 7 or 8 or 9 or 10 or 11 or 12 or 16 or 18 => 0,
        3 => 12,
        4 or 5 or 15 or 19 => count * 12,
        6 or 13 => count * 8,
        _ => throw new InvalidDataException($"BTF type {number} is of the unknown kind {kind}"),
    };

    private int Kind(int at) => (int)(U32(at + 4) >> 24) & 0x1f;

    private int Count(int at) => (int)U32(at + 4) & 0xffff;

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_data.AsSpan(at));

    private string Text(uint offset) => Encoding.UTF8.GetString(Bytes(offset));

    private ReadOnlySpan<byte> Bytes(uint offset)
    {
        if (offset >= _stringsLength)
            return [];
        var rest = _data.AsSpan(_strings + (int)offset, _stringsLength - (int)offset);
        return rest[..Math.Max(rest.IndexOf((byte)0), 0)];
    }
}
