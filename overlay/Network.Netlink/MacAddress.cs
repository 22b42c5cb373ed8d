using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace Network.Netlink;

/// <summary>A 48-bit Ethernet address, written <c>0a:58:0a:f4:01:02</c>.</summary>
public readonly record struct MacAddress
{
    public const int Size = 6;
    private readonly ulong _value;

    private MacAddress(ulong value) => _value = value;

    public static MacAddress FromBytes(ReadOnlySpan<byte> bytes) =>
        TryRead(bytes, out var mac) ? mac : throw new ArgumentException($"a MAC address has {Size} bytes, not {bytes.Length}");

    public static bool TryRead(ReadOnlySpan<byte> bytes, out MacAddress mac)
    {
        mac = default;
        if (bytes.Length != Size)
            return false;
        ulong value = 0;
        foreach (var b in bytes)
            value = (value << 8) | b;
        mac = new MacAddress(value);
        return true;
    }

    public static MacAddress Parse(string text) =>
        TryParse(text, out var mac) ? mac : throw new FormatException($"\"{text}\" is not a MAC address; write it as 0a:58:0a:f4:01:02");

    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress mac)
    {
        mac = default;
        if (text is not { Length: 17 })
            return false;
        ulong value = 0;
        for (var i = 0; i < text.Length; i += 3)
        {
            if ((i > 0 && text[i - 1] != ':')
                || !byte.TryParse(text.AsSpan(i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
                return false;
            value = (value << 8) | b;
        }

        mac = new MacAddress(value);
        return true;
    }

    /// <summary>A random unicast address with the locally administered bit set (IEEE 802c).</summary>
    public static MacAddress Random()
    {
        Span<byte> bytes = stackalloc byte[Size];
        RandomNumberGenerator.Fill(bytes);
        bytes[0] = (byte)((bytes[0] & 0xfe) | 0x02);
        return FromBytes(bytes);
    }

    public void CopyTo(Span<byte> destination)
    {
        for (var i = 0; i < Size; i++)
            destination[i] = (byte)(_value >> (8 * (Size - 1 - i)));
    }

    public override string ToString() => string.Create(17, _value, static (text, value) =>
    {
        const string digits = "0123456789abcdef";
        for (var i = 0; i < Size; i++)
        {
            var b = (byte)(value >> (8 * (Size - 1 - i)));
            text[3 * i] = digits[b >> 4];
            text[(3 * i) + 1] = digits[b & 15];
            if (i < Size - 1)
                text[(3 * i) + 2] = ':';
        }
    });
}
