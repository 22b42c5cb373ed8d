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

    /// <summary>Up to <paramref name="limit"/> entries under a prefix after a key, and how many more there are.</summary>
    internal (List<StoreEntry> Entries, long Remaining) Range(string prefix, int limit, string? startAfter)
    {
        var entries = new List<StoreEntry>();
        var remaining = 0L;
        // '\uffff' sorts after every character of a key, so this is the whole range under the prefix.
        foreach (var key in _keys.GetViewBetween(startAfter is null || string.CompareOrdinal(startAfter, prefix) < 0 ? prefix : startAfter, prefix + '\uffff'))
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
}
