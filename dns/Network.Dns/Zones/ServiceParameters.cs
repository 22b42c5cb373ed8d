using System.Globalization;
using System.Net;

namespace Network.Dns.Zones;

/// <summary>Parameters of SVCB and HTTPS records in their text form (RFC 9460 2.1, 7, 14.3). Pure.</summary>
internal static class ServiceParameters
{
    private static readonly string[] s_names = ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath"];

    internal static byte[] Read(ZoneWords words)
    {
        var values = new SortedDictionary<ushort, byte[]>();
        while (!words.AtEnd)
        {
            var text = words.Next("a parameter").Text;
            var equals = text.IndexOf('=');
            var name = equals < 0 ? text : text[..equals];
            var value = equals < 0 ? "" : text[(equals + 1)..];
            // key="value" comes as two words, the second one quoted.
            if (equals == text.Length - 1 && words.Peek is { IsQuoted: true } quoted)
            {
                value = quoted.Text;
                words.Skip();
            }

            var key = KeyOf(words, name);
            if (!values.TryAdd(key, Encode(words, key, value)))
                throw words.Refuse($"parameter \"{name}\" stands twice");
        }

        return [.. values.SelectMany(pair => (byte[])[.. RecordData.Short(pair.Key), .. RecordData.Short((uint)pair.Value.Length), .. pair.Value])];
    }

    private static ushort KeyOf(ZoneWords words, string name) => Array.IndexOf(s_names, name) is >= 0 and var known ? (ushort)known
        : name.StartsWith("key", StringComparison.Ordinal) && ushort.TryParse(name[3..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw words.Refuse($"\"{name}\" is no parameter; there are {string.Join(", ", s_names)} and keyNUMBER");

    private static byte[] Encode(ZoneWords words, ushort key, string value)
    {
        try
        {
            return key switch
            {
                0 => [.. value.Split(',').Select(name => KeyOf(words, name)).Order().SelectMany(number => RecordData.Short(number))],
                1 => [.. value.Split(',').Select(ZoneWords.Unescape).SelectMany(id => (byte[])[checked((byte)id.Length), .. id])],
                2 => value.Length == 0 ? [] : throw words.Refuse("no-default-alpn takes no value"),
                3 => RecordData.Short(ushort.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture)),
                4 or 6 => [.. value.Split(',').Select(IPAddress.Parse).SelectMany(address => address.GetAddressBytes())],
                5 => Convert.FromBase64String(value),
                _ => ZoneWords.Unescape(value),
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw words.Refuse($"\"{value}\" is no value of parameter {(key < s_names.Length ? s_names[key] : $"key{key}")}");
        }
    }
}
