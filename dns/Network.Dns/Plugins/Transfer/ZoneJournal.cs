using System.Security.Cryptography;
using Network.Dns.Wire;
using Network.Dns.Zones;
using Network.Linux;

namespace Network.Dns.Plugins.Transfer;

/// <summary>
/// The zone as it was given out last and the differences that led there. Every serial a secondary can hold was a state of this
/// journal, so it moves only when somebody is told: a zone that changes a hundred times between two looks has one difference.
/// </summary>
/// <param name="path">A file that keeps it over restarts; null for memory only.</param>
internal sealed class ZoneJournal(string? path)
{
    private const int LeastKept = 1000;
    private static readonly byte[] s_magic = "podnet-zone-journal 1\n"u8.ToArray();
    private readonly Lock _lock = new();
    private readonly List<ZoneDifference> _differences = [];
    private ZoneState? _current;
    private bool _loaded;

    /// <summary>Takes note of the zone as it is now.</summary>
    /// <returns>The state to give out, with the differences from a serial up to it; null when that serial is unknown.</returns>
    internal (ZoneState State, IReadOnlyList<ZoneDifference>? Since) Advance(ZoneState now, uint? since = null)
    {
        lock (_lock)
        {
            if (!_loaded)
                Load();
            _loaded = true;
            if (_current is { } former && former.Serial != now.Serial)
                Append(former, now);
            if (_current?.Serial != now.Serial)
            {
                _current = now;
                Save();
            }

            var first = _differences.FindIndex(difference => difference.FromSerial == since);
            return (_current!, since is null || first < 0 ? null : _differences.Skip(first).ToList());
        }
    }

    private void Append(ZoneState former, ZoneState now)
    {
        // A serial that went back has no history anybody could follow.
        if (!SerialKeeper.IsLater(now.Serial, former.Serial))
            _differences.Clear();
        else
            _differences.Add(ZoneDifference.Between(former, now));
        // More than the zone itself is sent as the zone (RFC 1995 5).
        while (_differences.Sum(difference => difference.Count) > Math.Max(LeastKept, now.Records.Count))
            _differences.RemoveAt(0);
    }

    private void Save()
    {
        if (path is null)
            return;
        try
        {
            using var body = new MemoryStream();
            using var writer = new BinaryWriter(body);
            Write(writer, [_current!.Authority, .. _current.Records]);
            writer.Write(_differences.Count);
            foreach (var difference in _differences)
            {
                Write(writer, [difference.From, difference.To]);
                Write(writer, difference.Removed);
                Write(writer, difference.Added);
            }

            var bytes = body.ToArray();
            AtomicFile.Write(path, (byte[])[.. s_magic, .. SHA256.HashData(bytes), .. bytes]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk: after a restart secondaries fetch the zone whole, once.
        }
    }

    // A damaged file is no history: secondaries fetch the zone whole, once.
    private void Load()
    {
        try
        {
            if (path is null || !File.Exists(path))
                return;
            var bytes = File.ReadAllBytes(path);
            var head = s_magic.Length + SHA256.HashSizeInBytes;
            if (bytes.Length < head || !bytes.AsSpan().StartsWith(s_magic) || !SHA256.HashData(bytes.AsSpan(head)).AsSpan().SequenceEqual(bytes.AsSpan(s_magic.Length, SHA256.HashSizeInBytes)))
                return;
            using var reader = new BinaryReader(new MemoryStream(bytes, head, bytes.Length - head));
            var zone = Read(reader);
            _current = new ZoneState(zone[0], zone[1..], ZoneDifference.SerialOf(zone[0]));
            for (var count = reader.ReadInt32(); count > 0; count--)
            {
                var ends = Read(reader);
                _differences.Add(new ZoneDifference(ends[0], ends[1], Read(reader), Read(reader)));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _differences.Clear();
        }
    }

    private static void Write(BinaryWriter writer, IReadOnlyList<ZoneRecord> records)
    {
        writer.Write(records.Count);
        foreach (var record in records)
        {
            writer.Write((byte)record.Name.Length);
            writer.Write(record.Name);
            writer.Write((ushort)record.Type);
            writer.Write(record.Ttl);
            writer.Write((ushort)record.Data.Length);
            writer.Write(record.Data);
        }
    }

    private static List<ZoneRecord> Read(BinaryReader reader)
    {
        var records = new List<ZoneRecord>();
        for (var count = reader.ReadInt32(); count > 0; count--)
        {
            var name = reader.ReadBytes(reader.ReadByte());
            var (type, ttl) = ((RecordType)reader.ReadUInt16(), reader.ReadUInt32());
            records.Add(new ZoneRecord(name, type, ttl, reader.ReadBytes(reader.ReadUInt16())));
        }

        return records;
    }
}
