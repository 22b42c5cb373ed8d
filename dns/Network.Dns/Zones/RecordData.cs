using System.Buffers.Binary;
using System.Net.Sockets;
using Network.Dns.Wire;

namespace Network.Dns.Zones;

/// <summary>The data of a record, from the words of a master file to bytes without compression. Pure.</summary>
internal static class RecordData
{
    /// <exception cref="ZoneFileException">A word is missing, too much, or not what stands there.</exception>
    internal static byte[] Read(ZoneWords words, RecordType type)
    {
        var data = words.Peek is { Text: "\\#" } ? Generic(words, type) : Known(words, type);
        words.End();
        return data;
    }

    internal static bool IsName(RecordType type) => type is RecordType.NS or RecordType.CNAME or RecordType.PTR or RecordType.DNAME;

    private static byte[] Known(ZoneWords words, RecordType type) => type switch
    {
        RecordType.A => words.Address(AddressFamily.InterNetwork),
        RecordType.AAAA => words.Address(AddressFamily.InterNetworkV6),
        RecordType.NS or RecordType.CNAME or RecordType.PTR or RecordType.DNAME => words.Name("the name"),
        RecordType.MX => [.. Short(words, "the preference"), .. words.Name("the exchange")],
        RecordType.TXT => Texts(words),
        RecordType.SOA => Authority(words),
        RecordType.SRV => [.. Short(words, "the priority"), .. Short(words, "the weight"), .. Short(words, "the port"), .. words.Name("the target")],
        RecordType.HINFO => [.. words.CharacterString("the processor"), .. words.CharacterString("the system")],
        RecordType.RP => [.. words.Name("the mailbox"), .. words.Name("the text's name")],
        RecordType.CAA => [(byte)words.Number("the flag", 255), .. words.CharacterString("the tag"), .. words.Bytes("the value")],
        RecordType.NAPTR =>
        [
            .. Short(words, "the order"), .. Short(words, "the preference"), .. words.CharacterString("the flags"), .. words.CharacterString("the services"),
            .. words.CharacterString("the expression"), .. words.Name("the replacement"),
        ],
        RecordType.URI => [.. Short(words, "the priority"), .. Short(words, "the weight"), .. words.Bytes("the target")],
        RecordType.DS or RecordType.CDS => [.. Short(words, "the key tag"), Algorithm(words), (byte)words.Number("the digest type", 255), .. words.Rest("the digest", Convert.FromHexString)],
        RecordType.DNSKEY or RecordType.CDNSKEY => [.. Short(words, "the flags"), (byte)words.Number("the protocol", 255), Algorithm(words), .. words.Rest("the key", Convert.FromBase64String)],
        RecordType.SSHFP => [(byte)words.Number("the algorithm", 255), (byte)words.Number("the type", 255), .. words.Rest("the fingerprint", Convert.FromHexString)],
        RecordType.TLSA => [(byte)words.Number("the usage", 255), (byte)words.Number("the selector", 255), (byte)words.Number("the matching type", 255), .. words.Rest("the data", Convert.FromHexString)],
        RecordType.SVCB or RecordType.HTTPS => [.. Short(words, "the priority"), .. words.Name("the target"), .. ServiceParameters.Read(words)],
        _ => throw words.Refuse($"data of type {NameOf(type)} is read in the general form only: \\# LENGTH HEX (RFC 3597)"),
    };

    internal static string NameOf(RecordType type) => Enum.IsDefined(type) ? type.ToString() : $"TYPE{(int)type}";

    internal static byte[] Short(uint value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        return bytes;
    }

    internal static byte[] Long(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Short(ZoneWords words, string what) => Short(words.Number(what, ushort.MaxValue));

    private static byte Algorithm(ZoneWords words)
    {
        var text = words.Next("the algorithm").Text;
        return byte.TryParse(text, out var number) ? number : (byte)(text.ToUpperInvariant() switch
        {
            "RSASHA256" => 8,
            "RSASHA512" => 10,
            "ECDSAP256SHA256" => 13,
            "ECDSAP384SHA384" => 14,
            "ED25519" => 15,
            "ED448" => 16,
            _ => throw words.Refuse($"\"{text}\" is no algorithm"),
        });
    }

    private static byte[] Texts(ZoneWords words)
    {
        var data = new List<byte>(words.CharacterString("the text"));
        while (!words.AtEnd)
            data.AddRange(words.CharacterString("the text"));
        return [.. data];
    }

    private static byte[] Authority(ZoneWords words) =>
    [
        .. words.Name("the primary server"), .. words.Name("the mailbox"), .. Long(words.Number("the serial")), .. Long(words.Duration("the refresh time")),
        .. Long(words.Duration("the retry time")), .. Long(words.Duration("the expiry time")), .. Long(words.Duration("the negative time")),
    ];

    private static byte[] Generic(ZoneWords words, RecordType type)
    {
        words.Skip();
        var length = words.Number("the length", ushort.MaxValue);
        var data = length == 0 ? [] : words.Rest("the data", Convert.FromHexString);
        if (data.Length != length)
            throw words.Refuse($"the data has {data.Length} bytes, not {length}");
        if ((type == RecordType.A && length != 4) || (type == RecordType.AAAA && length != 16) || (IsName(type) && WireName.Measure(data, 0) != data.Length))
            throw words.Refuse($"the data is no {type} record's");
        return data;
    }
}
