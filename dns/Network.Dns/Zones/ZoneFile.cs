using System.Globalization;
using Network.Dns.Wire;

namespace Network.Dns.Zones;

/// <summary>Reads master files (RFC 1035 5.1): $ORIGIN, $TTL (RFC 2308 4), $INCLUDE, owners left out, classes and times in either order.</summary>
internal sealed class ZoneFile
{
    private const int MostIncludes = 8;
    private readonly byte[] _zone;
    private readonly List<ZoneRecord> _records = [];
    private readonly Dictionary<ZoneRecord, ZoneLine> _lines = new(ReferenceEqualityComparer.Instance);
    private uint? _ttl;
    private uint? _lastTtl;

    private ZoneFile(byte[] zone) => _zone = zone;

    /// <param name="origin">Dotted name of the zone.</param>
    /// <exception cref="ZoneFileException">With file and line.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static Zone Read(string path, string origin) => Parse(path, File.ReadAllText(path), origin);

    internal static Zone Parse(string path, string text, string origin)
    {
        var file = new ZoneFile(WireName.Of(origin));
        file.ReadAll(path, text, file._zone, 0);
        return Zone.Of(file._zone, file._records, (record, reason) =>
            record is not null && file._lines.TryGetValue(record, out var line) ? line.Refuse(reason) : new ZoneFileException(path, 1, reason));
    }

    private void ReadAll(string path, string text, byte[] origin, int depth)
    {
        byte[]? owner = null;
        foreach (var line in ZoneLine.Split(path, text))
        {
            var words = new ZoneWords(line, origin);
            var first = line.Words[0];
            if (first is { IsQuoted: false, Text: ['$', ..] } && !line.Indented)
            {
                words.Skip();
                Control(line, words, first.Text.ToUpperInvariant(), ref origin, depth);
                continue;
            }

            if (!line.Indented)
                owner = words.Name("the owner");
            Record(line, words, owner ?? throw line.Refuse("the first record has no owner"));
        }
    }

    private void Control(ZoneLine line, ZoneWords words, string verb, ref byte[] origin, int depth)
    {
        switch (verb)
        {
            case "$ORIGIN":
                origin = words.Name("the origin");
                break;
            case "$TTL":
                _ttl = words.Duration("the time to live");
                break;
            case "$INCLUDE":
                var path = Path.GetFullPath(words.Next("the file").Text, Path.GetDirectoryName(Path.GetFullPath(line.File))!);
                var within = words.AtEnd ? origin : words.Name("the origin");
                if (depth >= MostIncludes)
                    throw line.Refuse($"files include each other more than {MostIncludes} deep");
                ReadAll(path, Included(line, path), within, depth + 1);
                break;
            default:
                throw line.Refuse($"{verb} is not served; $ORIGIN, $TTL and $INCLUDE are");
        }

        words.End();
    }

    private static string Included(ZoneLine line, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw line.Refuse(e.Message);
        }
    }

    // Class and time to live may stand in either order, or not at all (RFC 1035 5.1).
    private void Record(ZoneLine line, ZoneWords words, byte[] owner)
    {
        uint? ttl = null;
        while (true)
        {
            var word = words.Next("the type").Text;
            if (ttl is null && char.IsAsciiDigit(word[0]) && ZoneWords.TryDuration(word, out var seconds))
            {
                ttl = seconds;
            }
            else if (word.ToUpperInvariant() is "CH" or "HS" or "CS")
            {
                throw line.Refuse($"class {word} is not served; IN is");
            }
            else if (!word.Equals("IN", StringComparison.OrdinalIgnoreCase))
            {
                Add(line, words, owner, TypeOf(line, word), ttl);
                return;
            }
        }
    }

    private void Add(ZoneLine line, ZoneWords words, byte[] owner, RecordType type, uint? ttl)
    {
        if (type is RecordType.OPT or RecordType.ANY or RecordType.AXFR or RecordType.IXFR or RecordType.TSIG)
            throw line.Refuse($"{type} is no type of data");
        if (type is RecordType.RRSIG or RecordType.NSEC or RecordType.NSEC3 or RecordType.NSEC3PARAM)
            throw line.Refuse($"{type}: signed zones are not read; name the key in a dnssec line and the zone is signed here");
        var data = RecordData.Read(words, type);
        // Without $TTL: the last one written, else the SOA's last number (RFC 1035 5.1, RFC 2308 4).
        var lifetime = ttl ?? _ttl ?? _lastTtl ?? (type == RecordType.SOA ? System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(data.Length - 4)) : (uint?)null)
            ?? throw line.Refuse("there is no time to live; write $TTL above the first record");
        _lastTtl = lifetime;
        var record = new ZoneRecord(owner, type, lifetime, data);
        _records.Add(record);
        _lines[record] = line;
    }

    private static RecordType TypeOf(ZoneLine line, string word)
    {
        if (word.StartsWith("TYPE", StringComparison.OrdinalIgnoreCase) && ushort.TryParse(word.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return (RecordType)number;
        return !char.IsAsciiDigit(word[0]) && Enum.TryParse<RecordType>(word, ignoreCase: true, out var type) ? type
            : throw line.Refuse($"\"{word}\" is no record type; write its name, or TYPE and its number");
    }
}
