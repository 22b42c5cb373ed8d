using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Network.Netlink;

namespace Network.Cni.Ipam;

/// <summary>
/// An address of either family as one number, IPv4 at its place in IPv6 (RFC 4291 section 2.5.5.2): order, arithmetic and
/// tables need no cases.
/// </summary>
internal readonly record struct Ip(UInt128 Number) : IComparable<Ip>
{
    private static readonly UInt128 s_mapped = (UInt128)0xffff << 32;

    internal bool IsV6 => Number >> 32 != 0xffff;

    /// <summary>Length of an address in bits.</summary>
    internal int Bits => IsV6 ? 128 : 32;

    /// <summary>
    /// 0a:58 and the last four bytes: the same address always has the same MAC, so no neighbour entry goes stale when it
    /// is reused.
    /// </summary>
    internal MacAddress Mac =>
        MacAddress.FromBytes([0x0a, 0x58, (byte)(Number >> 24), (byte)(Number >> 16), (byte)(Number >> 8), (byte)Number]);

    public static Ip operator +(Ip address, UInt128 offset) => new(address.Number + offset);

    public static bool operator <(Ip left, Ip right) => left.Number < right.Number;

    public static bool operator >(Ip left, Ip right) => left.Number > right.Number;

    public static bool operator <=(Ip left, Ip right) => left.Number <= right.Number;

    public static bool operator >=(Ip left, Ip right) => left.Number >= right.Number;

    public int CompareTo(Ip other) => Number.CompareTo(other.Number);

    internal static Ip V4(uint number) => new(s_mapped | number);

    internal static Ip Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4 ? V4(BinaryPrimitives.ReadUInt32BigEndian(bytes)) : new Ip(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    internal static bool TryParse(ReadOnlySpan<char> text, out Ip address)
    {
        address = default;
        // The library also reads "10.1" and "0x0a.1.1.1"; what a configuration means must not need guessing.
        if (!IPAddress.TryParse(text, out var parsed) || (parsed.AddressFamily == AddressFamily.InterNetworkV6 && parsed.ScopeId != 0) || parsed.IsIPv4MappedToIPv6
            || (parsed.AddressFamily == AddressFamily.InterNetwork && !text.SequenceEqual(parsed.ToString())))
            return false;
        address = Of(parsed);
        return true;
    }

    /// <summary>Reads what <see cref="ToString"/> wrote; IPv4 without help of the library, for journals of thousands.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> utf8, out Ip address)
    {
        address = default;
        if (utf8.Contains((byte)':'))
        {
            Span<char> text = stackalloc char[48];
            return System.Text.Ascii.ToUtf16(utf8, text, out var length) == System.Buffers.OperationStatus.Done && TryParse(text[..length], out address);
        }

        uint number = 0, part = 0;
        int dots = 0, digits = 0;
        foreach (var b in utf8)
        {
            if (b == '.' && digits > 0 && part < 256 && dots < 3)
                (number, part, digits, dots) = ((number << 8) | part, 0, 0, dots + 1);
            else if (b is >= (byte)'0' and <= (byte)'9' && digits < 3)
                (part, digits) = ((part * 10) + b - '0', digits + 1);
            else
                return false;
        }

        address = V4((number << 8) | part);
        return dots == 3 && digits > 0 && part < 256;
    }

    internal IPAddress ToAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Number);
        return new IPAddress(IsV6 ? bytes : bytes[12..]);
    }

    public override string ToString() => ToAddress().ToString();
}
