using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Network.Dns.Wire;

/// <summary>An address written as a pod's label: 10-244-1-9, or 2001-db8--9 with colons as dashes.</summary>
internal readonly struct DashedAddress(UInt128 bits, AddressFamily family)
{
    private readonly UInt128 _bits = bits;

    internal AddressFamily Family => family;

    /// <summary>Writes 4 or 16 bytes.</summary>
    internal static int Write(DashedAddress address, Span<byte> bytes)
    {
        if (address.Family == AddressFamily.InterNetworkV6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(bytes, address._bits);
            return 16;
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)address._bits);
        return 4;
    }

    internal IPAddress ToAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IPAddress(bytes[..Write(this, bytes)]);
    }

    /// <summary>Four decimal numbers first; else IPv6 text.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> label, out DashedAddress address)
    {
        address = default;
        if (TryParseV4(label, out var bits))
        {
            address = new DashedAddress(bits, AddressFamily.InterNetwork);
            return true;
        }

        Span<char> text = stackalloc char[63];
        var colons = 0;
        for (var i = 0; i < label.Length; i++)
        {
            text[i] = label[i] == '-' ? ':' : (char)label[i];
            colons += label[i] == '-' ? 1 : 0;
            if (!char.IsAsciiHexDigit(text[i]) && text[i] != ':')
                return false;
        }

        if (colons < 2 || !IPAddress.TryParse(text[..label.Length], out var parsed))
            return false;
        Span<byte> bytes = stackalloc byte[16];
        parsed.TryWriteBytes(bytes, out _);
        address = new DashedAddress(BinaryPrimitives.ReadUInt128BigEndian(bytes), AddressFamily.InterNetworkV6);
        return true;
    }

    private static bool TryParseV4(ReadOnlySpan<byte> label, out uint bits)
    {
        bits = 0;
        var (parts, value, digits) = (0, 0u, 0);
        foreach (var letter in label)
        {
            if (letter == '-')
            {
                if (digits == 0 || ++parts > 3)
                    return false;
                (bits, value, digits) = ((bits << 8) | value, 0, 0);
                continue;
            }

            value = (value * 10) + (uint)(letter - '0');
            if (letter is < (byte)'0' or > (byte)'9' || ++digits > 3 || value > 255)
                return false;
        }

        bits = (bits << 8) | value;
        return parts == 3 && digits > 0;
    }
}
