namespace Network.Store.Memory;

/// <summary>
/// The latest value of every key in key order, plus the history of changes that is still kept. Every store keeps this in
/// memory; they differ only in what makes a write durable. Not thread safe: the owner holds its lock.
/// </summary>
internal sealed class StoreState(long maxHistoryBytes)
{
    private readonly SortedDictionaryIndex _latest = new();
    private readonly History _history = new(maxHistoryBytes);

    internal long Revision { get; private set; }

    internal long OldestRevision { get; private set; }

    internal long HistoryBytes => _history.Bytes;

    internal int Count => _latest.Count;

    internal StoreEntry? Get(string key) => _latest.Find(key);

    /// <summary>Loads a durable entry at start; does not touch the history.</summary>
    internal void Load(StoreEntry entry) => _latest.Put(entry);

    internal void LoadRevision(long revision, long oldest)
    {
        Revision = revision;
        OldestRevision = oldest;
    }

    /// <summary>Forgets everything, for a state that is read anew.</summary>
    internal void Clear()
    {
        _latest.Clear();
        _history.Clear();
    }

    /// <summary>Makes a durable change visible.</summary>
    internal void Apply(StoreEvent change)
    {
        if (change.Type == StoreEventType.Delete)
            _latest.Remove(change.Entry.Key);
        else
            _latest.Put(change.Entry);
        Revision = change.Entry.ModRevision;
        OldestRevision = Math.Max(OldestRevision, _history.Add(change));
    }

    /// <summary>A revision that changed nothing under our keys.</summary>
    internal void Advance(long revision) => Revision = Math.Max(Revision, revision);

    internal int CountOf(string prefix) => _latest.CountOf(prefix);

    internal StoreList List(string prefix, int limit, string? startAfter)
    {
        var (entries, remaining) = _latest.Range(prefix, limit, startAfter);
        return new StoreList(entries, Revision, remaining > 0, remaining);
    }

    /// <summary>The state at an older revision: today's state with the newer events undone.</summary>
    internal StoreList ListAt(string prefix, int limit, string? startAfter, long revision)
    {
        if (revision < OldestRevision)
            throw new CompactedException(revision, OldestRevision);
        if (revision > Revision)
            throw new FutureRevisionException(revision, Revision);
        var state = new SortedDictionary<string, StoreEntry>(StringComparer.Ordinal);
        foreach (var entry in _latest.Range(prefix, 0, null).Entries)
            state[entry.Key] = entry;
        var newer = _history.Since(prefix, revision);
        for (var i = newer.Count - 1; i >= 0; i--)
        {
            if (newer[i].Previous is { } previous)
                state[previous.Key] = previous;
            else
                state.Remove(newer[i].Entry.Key);
        }

        var after = state.Values.Where(entry => startAfter is null || string.CompareOrdinal(entry.Key, startAfter) > 0).ToList();
        var page = limit > 0 && after.Count > limit ? after.GetRange(0, limit) : after;
        return new StoreList(page, revision, page.Count < after.Count, after.Count - page.Count);
    }

    /// <summary>Kept events above a revision under a prefix.</summary>
    internal List<StoreEvent> Since(string prefix, long revision)
    {
        if (revision < OldestRevision)
            throw new CompactedException(revision, OldestRevision);
        return _history.Since(prefix, revision);
    }

    /// <summary>Drops history up to and including a revision.</summary>
    internal void Forget(long revision)
    {
        _history.Forget(revision);
        OldestRevision = Math.Max(OldestRevision, revision);
    }
}
