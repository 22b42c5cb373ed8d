using System.Collections.Concurrent;
using System.Security.Cryptography;
using Network.Dns.Wire;
using Network.Dns.Zones;

namespace Network.Dns.Plugins.Dnssec;

/// <summary>Signatures of one zone (RFC 4034 3), remembered while they hold. Two generations: a full one becomes the old one, so memory is bounded.</summary>
internal sealed class ZoneSigner(byte[] zone, IReadOnlyList<SigningKey> keys, int capacity, TimeProvider time)
{
    /// <summary>Seconds a signature holds, seconds before now it begins (clocks differ), and what is left of it when it is made anew.</summary>
    private const uint Lifetime = 8 * 86_400, Before = 3 * 3600, Renewed = 2 * 86_400;

    // A key of the parent's signs the keys only, when there are others (RFC 6781 3.1).
    private readonly IReadOnlyList<SigningKey> _keySigners = keys.Any(key => key.IsEntryPoint) ? keys.Where(key => key.IsEntryPoint).ToList() : keys;
    private readonly IReadOnlyList<SigningKey> _signers = keys.Any(key => !key.IsEntryPoint) ? keys.Where(key => !key.IsEntryPoint).ToList() : keys;
    private ConcurrentDictionary<byte[], Signature> _young = new(NameComparer.Bytes);
    private ConcurrentDictionary<byte[], Signature> _old = new(NameComparer.Bytes);
    private long _made;

    internal byte[] Zone => zone;

    internal IReadOnlyList<SigningKey> Keys => keys;

    internal long Made => Volatile.Read(ref _made);

    internal int Remembered => _young.Count + _old.Count;

    /// <summary>The RRSIG records of a set: one owner, one type.</summary>
    internal IEnumerable<ResourceRecord> Sign(byte[] owner, RecordType type, uint ttl, IEnumerable<byte[]> data)
    {
        var set = Canonical(owner, type, ttl, data);
        foreach (var key in type is RecordType.DNSKEY or RecordType.CDS or RecordType.CDNSKEY ? _keySigners : _signers)
            yield return new ResourceRecord(WireName.ToText(owner), RecordType.RRSIG, ttl, SignatureOf(key, owner, type, ttl, set)) { WireOwner = owner };
    }

    private byte[] SignatureOf(SigningKey key, byte[] owner, RecordType type, uint ttl, byte[] set)
    {
        var now = (uint)time.GetUtcNow().ToUnixTimeSeconds();
        byte[] id = [.. RecordData.Short(key.Tag), .. SHA256.HashData(set)];
        if ((_young.TryGetValue(id, out var known) || _old.TryGetValue(id, out known)) && known.Until - now is > Renewed and <= Lifetime)
            return known.Data;
        byte[] head = [.. RecordData.Short((uint)type), key.Algorithm, Labels(owner), .. RecordData.Long(ttl), .. RecordData.Long(now + Lifetime), .. RecordData.Long(now - Before), .. RecordData.Short(key.Tag), .. zone];
        byte[] data = [.. head, .. key.Sign([.. head, .. set])];
        Interlocked.Increment(ref _made);
        if (_young.Count >= capacity / 2)
            (_old, _young) = (_young, new ConcurrentDictionary<byte[], Signature>(NameComparer.Bytes));
        _young[id] = new Signature(data, now + Lifetime);
        return data;
    }

    // Without the root, and without the asterisk of a wildcard (RFC 4034 3.1.3).
    private static byte Labels(ReadOnlySpan<byte> name)
    {
        byte count = 0;
        for (var at = name is [1, (byte)'*', ..] ? 2 : 0; name[at] != 0; at += name[at] + 1)
            count++;
        return count;
    }

    // Each record in full, sorted by its data (RFC 4034 6.3).
    private static byte[] Canonical(byte[] owner, RecordType type, uint ttl, IEnumerable<byte[]> data) =>
    [
        .. data.Order(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)))
            .SelectMany(bytes => (byte[])[.. owner, .. RecordData.Short((uint)type), 0, 1, .. RecordData.Long(ttl), .. RecordData.Short((uint)bytes.Length), .. bytes]),
    ];

    private sealed record Signature(byte[] Data, uint Until);
}
