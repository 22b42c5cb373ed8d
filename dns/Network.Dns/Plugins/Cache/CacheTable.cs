using Network.Dns.Wire;

namespace Network.Dns.Plugins.Cache;

/// <summary>
/// A fixed number of places, eight to a neighbourhood. Readers take no lock; a writer replaces one place. Nothing anybody asks
/// for can make it grow.
/// </summary>
internal sealed class CacheTable
{
    private const int Ways = 8;
    private readonly CacheEntry?[] _places;
    private readonly ulong _mask;

    internal CacheTable(int capacity)
    {
        var neighbourhoods = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, capacity / Ways));
        _places = new CacheEntry?[neighbourhoods * Ways];
        _mask = (ulong)(neighbourhoods - 1);
    }

    internal int Count => _places.Count(place => place is not null);

    internal CacheEntry? Find(ulong hash, ReadOnlySpan<byte> name, RecordType type, bool dnssecOk)
    {
        var start = (int)(hash & _mask) * Ways;
        for (var i = start; i < start + Ways; i++)
        {
            if (Volatile.Read(ref _places[i]) is { } entry && entry.Matches(hash, name, type, dnssecOk))
                return entry;
        }

        return null;
    }

    internal void Put(CacheEntry entry, uint now, CacheSettings settings)
    {
        var start = (int)(entry.Hash & _mask) * Ways;
        var chosen = start;
        var least = long.MaxValue;
        for (var i = start; i < start + Ways; i++)
        {
            var place = Volatile.Read(ref _places[i]);
            if (place is null || place.Matches(entry.Hash, entry.Name, entry.Type, entry.DnssecOk))
            {
                chosen = i;
                break;
            }

            // What is over goes first, then what was asked for least.
            var worth = place.IsFresh(now) ? 1L + place.Hits : place.IsUsable(now, settings) ? 0 : -1;
            if (worth < least)
                (least, chosen) = (worth, i);
        }

        Volatile.Write(ref _places[chosen], entry);
    }

    internal void Clear() => Array.Clear(_places);
}
