using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Network.Dns.Wire;

namespace Network.Dns.Zones;

/// <summary>The words of an entry, taken one by one; every fault names file and line.</summary>
/// <param name="origin">What relative names end in.</param>
internal sealed class ZoneWords(ZoneLine line, byte[] origin)
{
    private int _at;

    internal bool AtEnd => _at >= line.Words.Count;

    internal ZoneWord? Peek => AtEnd ? null : line.Words[_at];

    internal ZoneFileException Refuse(string reason) => line.Refuse(reason);

    internal ZoneWord Next(string what) => AtEnd ? throw Refuse($"{what} is missing") : line.Words[_at++];

    internal void Skip() => _at++;

    internal void End()
    {
        if (!AtEnd)
            throw Refuse($"\"{line.Words[_at].Text}\" is too much");
    }

    internal byte[] Name(string what)
    {
        try
        {
            return ParseName(Next(what).Text, origin);
        }
        catch (FormatException e)
        {
            throw Refuse(e.Message);
        }
    }

    internal uint Number(string what, uint most = uint.MaxValue) =>
        Next(what).Text is var text && uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number
            : throw Refuse($"{what} \"{text}\" is no number of 0 to {most}");

    internal uint Duration(string what) => Next(what).Text is var text && TryDuration(text, out var seconds) ? seconds : throw Refuse($"{what} \"{text}\" is no time; write seconds, or 1h30m");

    internal byte[] Address(AddressFamily family) =>
        Next("the address").Text is var text && IPAddress.TryParse(text, out var address) && address.AddressFamily == family
            && (family == AddressFamily.InterNetworkV6 || text.Count(letter => letter == '.') == 3)
            ? address.GetAddressBytes()
            : throw Refuse($"\"{text}\" is no {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} address");

    /// <summary>A length byte and as many characters (RFC 1035 3.3).</summary>
    internal byte[] CharacterString(string what)
    {
        var bytes = Bytes(what);
        return bytes.Length <= 255 ? [(byte)bytes.Length, .. bytes] : throw Refuse($"{what} has {bytes.Length} bytes; 255 are the most, write several");
    }

    /// <summary>The bytes of a word.</summary>
    internal byte[] Bytes(string what)
    {
        try
        {
            return Unescape(Next(what).Text);
        }
        catch (FormatException e)
        {
            throw Refuse(e.Message);
        }
    }

    /// <summary>What is left, its blanks removed.</summary>
    internal byte[] Rest(string what, Func<string, byte[]> decode)
    {
        if (AtEnd)
            throw Refuse($"{what} is missing");
        var text = string.Concat(line.Words.Skip(_at).Select(word => word.Text));
        _at = line.Words.Count;
        try
        {
            return decode(text);
        }
        catch (FormatException)
        {
            throw Refuse($"{what} \"{text}\" cannot be decoded");
        }
    }

    /// <summary>Seconds, or numbers with units: w, d, h, m, s.</summary>
    internal static bool TryDuration(string text, out uint seconds)
    {
        (seconds, var sum, var number, var digits) = (0, 0UL, 0UL, 0);
        foreach (var letter in text)
        {
            if (char.IsAsciiDigit(letter))
            {
                (number, digits) = ((number * 10) + (ulong)(letter - '0'), digits + 1);
                if (digits > 10)
                    return false;
                continue;
            }

            ulong unit = char.ToLowerInvariant(letter) switch { 'w' => 604_800, 'd' => 86_400, 'h' => 3600, 'm' => 60, 's' => 1, _ => 0 };
            if (unit == 0 || digits == 0)
                return false;
            (sum, number, digits) = (sum + (number * unit), 0, 0);
        }

        sum += number;
        seconds = (uint)Math.Min(sum, uint.MaxValue);
        // RFC 2181 8: 31 bits.
        return text.Length > 0 && sum <= int.MaxValue;
    }

    /// <exception cref="FormatException">A label or the name is too long, or empty.</exception>
    internal static byte[] ParseName(string text, byte[] origin)
    {
        if (text == "@")
            return origin;
        if (text == ".")
            return [0];
        var name = new List<byte>();
        var label = new List<byte>();
        var absolute = false;
        for (var at = 0; at < text.Length;)
        {
            if (text[at] == '.')
            {
                Close(name, label, text);
                absolute = ++at == text.Length;
                continue;
            }

            label.Add(Letter(text, ref at));
        }

        if (!absolute)
        {
            Close(name, label, text);
            name.AddRange(origin);
        }
        else
        {
            name.Add(0);
        }

        if (name.Count > DnsName.MaxWireLength)
            throw new FormatException($"name \"{text}\" is longer than {DnsName.MaxWireLength} bytes");
        var folded = new byte[WireName.ScratchLength];
        WireName.Fold(name.ToArray(), folded);
        return folded[..name.Count];
    }

    internal static byte[] Unescape(string text)
    {
        var bytes = new List<byte>();
        for (var at = 0; at < text.Length;)
            bytes.AddRange(text[at] < 0x80 ? [Letter(text, ref at)] : System.Text.Encoding.UTF8.GetBytes(text[at++].ToString()));
        return [.. bytes];
    }

    private static void Close(List<byte> name, List<byte> label, string text)
    {
        if (label.Count is 0 or > 63)
            throw new FormatException($"a label of \"{text}\" is not 1 to 63 bytes long");
        name.Add((byte)label.Count);
        name.AddRange(label);
        label.Clear();
    }

    // \DDD is a byte by its decimal number, \X is X itself (RFC 1035 5.1).
    private static byte Letter(string text, ref int at)
    {
        if (text[at] != '\\')
            return text[at] < 0x80 ? (byte)text[at++] : throw new FormatException($"\"{text}\" has letters outside ASCII; write them as \\DDD");
        if (at + 3 < text.Length && char.IsAsciiDigit(text[at + 1]) && char.IsAsciiDigit(text[at + 2]) && char.IsAsciiDigit(text[at + 3]))
        {
            var value = int.Parse(text.AsSpan(at + 1, 3), CultureInfo.InvariantCulture);
            at += 4;
            return value < 256 ? (byte)value : throw new FormatException($"\\{value} of \"{text}\" is no byte");
        }

        if (at + 1 >= text.Length)
            throw new FormatException($"\"{text}\" ends in a backslash");
        at += 2;
        return (byte)text[at - 1];
    }
}
