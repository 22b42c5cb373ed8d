namespace Network.Store.Memory;

/// <summary>
/// The latest value of every key in key order, plus the history of changes that is still kept. Every store keeps this in
/// memory; they differ only in what makes a write durable. Not thread safe: the owner holds its lock.
/// </summary>
internal sealed class StoreState(long maxHistoryBytes)
{
    private readonly SortedDictionaryIndex _latest = new();
    private readonly Queue<StoreEvent> _history = new();
    private long _historyBytes;

    internal long Revision { get; private set; }

    internal long OldestRevision { get; private set; }

    internal int Count => _latest.Count;

    internal StoreEntry? Get(string key) => _latest.Find(key);

    /// <summary>Loads a durable entry at start; does not touch the history.</summary>
    internal void Load(StoreEntry entry) => _latest.Put(entry);

    internal void LoadRevision(long revision, long oldest)
    {
        Revision = revision;
        OldestRevision = oldest;
    }

    /// <summary>Makes a durable change visible.</summary>
    internal void Apply(StoreEvent change)
    {
        if (change.Type == StoreEventType.Delete)
            _latest.Remove(change.Entry.Key);
        else
            _latest.Put(change.Entry);
        Revision = change.Entry.ModRevision;
        Remember(change);
    }

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
        var state = new SortedDictionary<string, StoreEntry>(StringComparer.Ordinal);
        foreach (var entry in _latest.Range(prefix, 0, null).Entries)
            state[entry.Key] = entry;
        foreach (var change in _history.Reverse().TakeWhile(change => change.Entry.ModRevision > revision))
        {
            if (!change.Entry.Key.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            if (change.Previous is { } previous)
                state[previous.Key] = previous;
            else
                state.Remove(change.Entry.Key);
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
        return _history.Where(change => change.Entry.ModRevision > revision && change.Entry.Key.StartsWith(prefix, StringComparison.Ordinal)).ToList();
    }

    /// <summary>Drops history up to and including a revision.</summary>
    internal void Forget(long revision)
    {
        while (_history.TryPeek(out var oldest) && oldest.Entry.ModRevision <= revision)
        {
            _historyBytes -= Size(oldest);
            _history.Dequeue();
        }

        OldestRevision = Math.Max(OldestRevision, revision);
    }

    private void Remember(StoreEvent change)
    {
        _history.Enqueue(change);
        _historyBytes += Size(change);
        while (_historyBytes > maxHistoryBytes && _history.TryDequeue(out var oldest))
        {
            _historyBytes -= Size(oldest);
            OldestRevision = oldest.Entry.ModRevision;
        }
    }

    // A key and the value it replaced stay reachable through the event; 200 covers the objects around them.
    private static long Size(StoreEvent change) => change.Entry.Value.Length + (2 * change.Entry.Key.Length) + 200;
}
