using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Network.Dns.Plugins.Cluster;

/// <summary>Addresses written as names: in-addr.arpa (RFC 1035 3.5), ip6.arpa (RFC 3596 2.5) and the dashed form of pods.</summary>
internal static class ReverseName
{
    /// <summary>The name under which pointers of an address stand.</summary>
    internal static string Of(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        Array.Reverse(bytes);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? string.Join('.', bytes) + ".in-addr.arpa"
            : string.Join('.', bytes.SelectMany(value => (int[])[value & 15, value >> 4]).Select(nibble => nibble.ToString("x", CultureInfo.InvariantCulture))) + ".ip6.arpa";
    }

    internal static bool TryParse(string[] labels, out IPAddress address)
    {
        address = IPAddress.None;
        return labels switch
        {
            [var d, var c, var b, var a, "in-addr", "arpa"] => TryParseV4([a, b, c, d], out address),
            [.., "ip6", "arpa"] when labels.Length == 34 => TryParseV6(labels.AsSpan(0, 32), out address),
            _ => false,
        };
    }

    internal static bool TryParseDashed(string dashed, out IPAddress address)
    {
        if (TryParseV4(dashed.Split('-'), out address))
            return true;
        return dashed.Contains('-') && IPAddress.TryParse(dashed.Replace('-', ':'), out address!);
    }

    private static bool TryParseV4(string[] parts, out IPAddress address)
    {
        address = IPAddress.None;
        var bytes = new byte[4];
        if (parts.Length != 4)
            return false;
        for (var i = 0; i < 4; i++)
        {
            if (!byte.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i]))
                return false;
        }

        address = new IPAddress(bytes);
        return true;
    }

    private static bool TryParseV6(ReadOnlySpan<string> nibbles, out IPAddress address)
    {
        address = IPAddress.None;
        var bytes = new byte[16];
        for (var i = 0; i < 32; i++)
        {
            if (nibbles[i].Length != 1 || !byte.TryParse(nibbles[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var nibble))
                return false;
            bytes[15 - (i / 2)] |= (byte)(i % 2 == 0 ? nibble : nibble << 4);
        }

        address = new IPAddress(bytes);
        return true;
    }
}
