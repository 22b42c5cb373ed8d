namespace Network.Store.Memory;

/// <summary>Entries by key with ordered range scans: a hash for gets, a sorted set of keys for scans.</summary>
internal sealed class SortedDictionaryIndex
{
    private readonly Dictionary<string, StoreEntry> _entries = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _keys = new(StringComparer.Ordinal);

    internal int Count => _entries.Count;

    internal StoreEntry? Find(string key) => _entries.GetValueOrDefault(key);

    internal void Put(StoreEntry entry)
    {
        if (!_entries.ContainsKey(entry.Key))
            _keys.Add(entry.Key);
        _entries[entry.Key] = entry;
    }

    internal void Remove(string key)
    {
        if (_entries.Remove(key))
            _keys.Remove(key);
    }

    internal void Clear()
    {
        _entries.Clear();
        _keys.Clear();
    }

    internal int CountOf(string prefix) => _keys.GetViewBetween(prefix, End(prefix)).Count;

    /// <summary>Up to <paramref name="limit"/> entries under a prefix after a key, and how many more there are.</summary>
    internal (List<StoreEntry> Entries, long Remaining) Range(string prefix, int limit, string? startAfter)
    {
        var entries = new List<StoreEntry>();
        var remaining = 0L;
        if (startAfter is not null && string.CompareOrdinal(startAfter, End(prefix)) > 0)
            return (entries, 0);
        foreach (var key in _keys.GetViewBetween(startAfter is null || string.CompareOrdinal(startAfter, prefix) < 0 ? prefix : startAfter, End(prefix)))
        {
            if (key == startAfter)
                continue;
            if (limit > 0 && entries.Count >= limit)
                remaining++;
            else
                entries.Add(_entries[key]);
        }

        return (entries, remaining);
    }

    // '\uffff' sorts after every character of a key, so this ends the range under the prefix.
    private static string End(string prefix) => prefix + '\uffff';
}
