using System.Globalization;
using System.Security.Cryptography;
using Network.Linux;

namespace Network.Dns.Zones;

/// <summary>
/// Serials that only grow (RFC 1982), whatever the file says: a secondary that heard of one never hears of a lower one, also
/// after a restart, and hears of a new one whenever the records are others.
/// </summary>
/// <param name="path">Where the last one is kept with a digest of its records; null for memory only.</param>
internal sealed class SerialKeeper(string? path)
{
    private (uint Serial, string Digest)? _last;

    internal uint Next(Zone zone)
    {
        _last ??= Load();
        var digest = DigestOf(zone);
        if (_last is { } last)
        {
            if (last.Digest == digest && !IsLater(zone.Serial, last.Serial))
                return last.Serial;
            _last = (IsLater(zone.Serial, last.Serial) ? zone.Serial : last.Serial + 1, digest);
        }
        else
        {
            _last = (zone.Serial, digest);
        }

        Save(_last.Value);
        return _last.Value.Serial;
    }

    internal static bool IsLater(uint serial, uint than) => serial != than && serial - than < 0x8000_0000;

    private static string DigestOf(Zone zone)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var soa = zone.Authority.Data;
        hash.AppendData(soa.AsSpan(0, soa.Length - 20));
        hash.AppendData(soa.AsSpan(soa.Length - 16));
        foreach (var record in zone.Records.Select(record => (byte[])[.. record.Name, .. RecordData.Short((uint)record.Type), .. RecordData.Long(record.Ttl), .. record.Data])
            .Order(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))))
            hash.AppendData(record);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private (uint, string)? Load()
    {
        try
        {
            return path is not null && File.Exists(path) && File.ReadAllText(path).Split(' ') is [var serial, var digest] && uint.TryParse(serial, CultureInfo.InvariantCulture, out var number)
                ? (number, digest.Trim())
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Without it the zone is served all the same; only a restart may not remember.
    private void Save((uint Serial, string Digest) last)
    {
        if (path is null)
            return;
        try
        {
            AtomicFile.Write(path, string.Create(CultureInfo.InvariantCulture, $"{last.Serial} {last.Digest}\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk; the next change tries again.
        }
    }
}
