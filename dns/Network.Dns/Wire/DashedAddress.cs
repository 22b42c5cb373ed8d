using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Network.Dns.Wire;

/// <summary>An address written as a pod's label: 10-244-1-9, or 2001-db8--9 with colons as dashes.</summary>
public readonly struct DashedAddress(UInt128 bits, AddressFamily family)
{
    private readonly UInt128 _bits = bits;

    public AddressFamily Family => family;

    /// <summary>Writes 4 or 16 bytes.</summary>
    public static int Write(DashedAddress address, Span<byte> bytes)
    {
        if (address.Family == AddressFamily.InterNetworkV6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(bytes, address._bits);
            return 16;
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)address._bits);
        return 4;
    }

    public IPAddress ToAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IPAddress(bytes[..Write(this, bytes)]);
    }

    /// <summary>Four decimal numbers first; else IPv6 text.</summary>
    public static bool TryParse(ReadOnlySpan<byte> label, out DashedAddress address)
    {
        address = default;
        if (TryParseV4(label, out var bits))
        {
            address = new DashedAddress(bits, AddressFamily.InterNetwork);
            return true;
        }

        if (!TryParseV6(label, out var wide))
            return false;
        address = new DashedAddress(wide, AddressFamily.InterNetworkV6);
        return true;
    }

    // RFC 4291 2.2 with dashes for colons: up to eight groups of four hexadecimal digits, one run of them left out.
    private static bool TryParseV6(ReadOnlySpan<byte> label, out UInt128 bits)
    {
        (bits, var before, var groups, var gap) = (0, (UInt128)0, 0, -1);
        for (var at = 0; at < label.Length;)
        {
            if (label[at] == '-')
            {
                // A single dash parts two groups; it may neither begin nor end the label.
                if (at + 1 < label.Length && label[at + 1] == '-')
                {
                    if (gap >= 0)
                        return false;
                    (gap, before, bits) = (groups, bits, 0);
                    at += 2;
                    // An address that ends in colons is written with a zero behind them; that zero counts as any group.
                    continue;
                }

                if (at == 0 || ++at == label.Length || label[at - 2] == '-')
                    return false;
            }

            var (value, digits) = (0u, 0);
            for (; at < label.Length && char.IsAsciiHexDigitLower((char)label[at]); at++, digits++)
                value = (value << 4) | (uint)(label[at] <= '9' ? label[at] - '0' : label[at] - 'a' + 10);
            if (digits is 0 or > 4 || ++groups > 8 || (at < label.Length && label[at] != '-'))
                return false;
            bits = (bits << 16) | value;
        }

        if (gap < 0)
            return groups == 8;
        bits |= before << (16 * (8 - gap));
        return groups < 8;
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
