using System.Buffers.Binary;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Cache;

/// <summary>A remembered message. Everything but the counters stays as it was made.</summary>
internal sealed class CacheEntry
{
    private readonly int[] _ttls;
    private int _hits;
    private int _renewing;

    private CacheEntry(byte[] message, int[] ttls) => (Message, _ttls) = (message, ttls);

    /// <summary>As it came, with the folded name in the question, without OPT.</summary>
    internal byte[] Message { get; }

    internal required ulong Hash { get; init; }

    internal required bool DnssecOk { get; init; }

    internal required RecordType Type { get; init; }

    internal required int NameLength { get; init; }

    /// <summary>Steady seconds (<see cref="Hot.SteadyTime"/>), as every time here.</summary>
    internal required uint Stored { get; init; }

    /// <summary>Seconds it is good for.</summary>
    internal required uint Ttl { get; init; }

    internal ResponseCode Code => (ResponseCode)(Message[3] & 0x0F);

    internal int Hits => Volatile.Read(ref _hits);

    internal ReadOnlySpan<byte> Name => Message.AsSpan(DnsQuery.HeaderLength, NameLength);

    /// <summary>Null for a message that may not be remembered: truncated, malformed, with no time to live.</summary>
    internal static CacheEntry? Of(DnsQuery query, byte[] message, CacheSettings settings, uint now)
    {
        var records = new List<RawMessage.RecordAt>();
        if ((message[2] & 2) != 0 || !RawMessage.TryWalk(message, records))
            return null;
        var code = (ResponseCode)(message[3] & 0x0F);
        if (code is not (ResponseCode.NoError or ResponseCode.NxDomain or ResponseCode.ServFail))
            return null;
        var ttl = TtlOf(message, records, code, settings);
        if (ttl == 0)
            return null;
        var copy = message[..];
        var length = query.Question.Length - 4;
        Span<byte> scratch = stackalloc byte[WireName.ScratchLength];
        var hash = WireName.Fold(query.Question.Span[..length], scratch);
        scratch[..length].CopyTo(copy.AsSpan(DnsQuery.HeaderLength));
        return new CacheEntry(copy, [.. records.Where(record => record.Type != RecordType.OPT).Select(record => record.Offset + 4)])
        {
            Hash = hash,
            DnssecOk = query.DnssecOk,
            Type = query.Type,
            NameLength = length,
            Stored = now,
            Ttl = ttl,
        };
    }

    internal bool IsFresh(uint now) => now - Stored < Ttl;

    /// <summary>Over, but not for too long.</summary>
    internal bool IsUsable(uint now, CacheSettings settings) => now - Stored < Ttl + settings.ServeStale;

    internal bool Matches(ulong hash, ReadOnlySpan<byte> name, RecordType type, bool dnssecOk) =>
        Hash == hash && Type == type && DnssecOk == dnssecOk && Name.SequenceEqual(name);

    internal void Hit() => Interlocked.Increment(ref _hits);

    /// <summary>True for one caller: it is the one to renew the entry.</summary>
    internal bool TryRenew(uint now, CacheSettings settings) =>
        settings.PrefetchHits > 0 && Hits >= settings.PrefetchHits && (now - Stored) * 10 >= Ttl * 9 && Interlocked.Exchange(ref _renewing, 1) == 0;

    /// <summary>Sets the times to live in a copy of the message to what is left of them.</summary>
    internal void Age(Span<byte> copy, uint now, uint staleTtl)
    {
        var age = now - Stored;
        foreach (var offset in _ttls)
        {
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(copy[offset..]);
            var capped = Math.Min(ttl, Ttl);
            BinaryPrimitives.WriteUInt32BigEndian(copy[offset..], age < Ttl ? Math.Max(capped, age + 1) - age : staleTtl);
        }
    }

    // The least of the answers; of a "no" that of its SOA and the SOA's last number (RFC 2308 5).
    private static uint TtlOf(ReadOnlySpan<byte> message, List<RawMessage.RecordAt> records, ResponseCode code, CacheSettings settings)
    {
        if (code == ResponseCode.ServFail)
            return settings.ServFailTtl;
        var least = uint.MaxValue;
        var answers = false;
        foreach (var record in records.Where(record => record.Section < 3))
        {
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(message[(record.Offset + 4)..]);
            answers |= record.Section == 1;
            if (record is { Type: RecordType.SOA, Section: 2 } && record.End - record.Offset >= 14)
                ttl = Math.Min(ttl, BinaryPrimitives.ReadUInt32BigEndian(message[(record.End - 4)..]));
            least = Math.Min(least, ttl);
        }

        // A "no" without SOA may not be remembered (RFC 2308 5).
        return least == uint.MaxValue ? 0
            : Math.Clamp(least, settings.MinTtl, code == ResponseCode.NxDomain || !answers ? settings.MaxNegativeTtl : settings.MaxTtl);
    }
}
