using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Network.Netlink.Netfilter;

/// <summary>
/// Bytes as registers and set elements hold them: every field starts at a multiple of four. Addresses and ports are in
/// network order, numbers that the kernel computes (marks, interface indexes) in host order. Compared by content.
/// </summary>
public readonly struct NftValue : IEquatable<NftValue>
{
    private readonly byte[]? _bytes;

    public NftValue(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    private NftValue(byte[] owned) => _bytes = owned;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public int Length => _bytes?.Length ?? 0;

    public static NftValue Of(IPAddress address) => new(owned: address.GetAddressBytes());

    public static NftValue Of(byte value) => new(owned: [value]);

    /// <summary>Network order: ports, ether types.</summary>
    public static NftValue BigEndian(ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        return new NftValue(owned: bytes);
    }

    /// <summary>Network order: addresses as numbers.</summary>
    public static NftValue BigEndian(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return new NftValue(owned: bytes);
    }

    /// <summary>Host order: marks, interface indexes, states.</summary>
    public static NftValue Host(uint value) => new(owned: BitConverter.GetBytes(value));

    /// <summary>An interface name, padded with zeros to IFNAMSIZ.</summary>
    public static NftValue InterfaceName(string name)
    {
        var bytes = new byte[16];
        Encoding.ASCII.GetBytes(name, bytes.AsSpan(0, 15));
        return new NftValue(owned: bytes);
    }

    /// <summary>Fields one after the other, each padded to a register.</summary>
    public static NftValue Concat(params ReadOnlySpan<NftValue> fields)
    {
        var length = 0;
        foreach (var field in fields)
            length += Padded(field.Length);
        var bytes = new byte[length];
        var at = 0;
        foreach (var field in fields)
        {
            field.Bytes.CopyTo(bytes.AsSpan(at));
            at += Padded(field.Length);
        }

        return new NftValue(owned: bytes);
    }

    public static bool operator ==(NftValue left, NftValue right) => left.Equals(right);

    public static bool operator !=(NftValue left, NftValue right) => !left.Equals(right);

    public bool Equals(NftValue other) => Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is NftValue other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    public override string ToString() => Convert.ToHexString(Bytes);

    internal static int Padded(int length) => (length + 3) & ~3;
}
