namespace Network.Store.Memory;

/// <summary>Kept changes in revision order, found by binary search. Bounded by bytes; the owner drops old ones by age.</summary>
internal sealed class History(long maxBytes)
{
    private readonly List<StoreEvent> _events = [];
    private int _first;

    internal long Bytes { get; private set; }

    /// <summary>Revision of the newest change that had to go for lack of room; 0 when none had to.</summary>
    internal long Add(StoreEvent change)
    {
        _events.Add(change);
        Bytes += Size(change);
        var dropped = 0L;
        while (Bytes > maxBytes && _first < _events.Count)
            dropped = DropFirst();
        Tidy();
        return dropped;
    }

    /// <summary>Drops changes up to and including a revision.</summary>
    internal void Forget(long revision)
    {
        while (_first < _events.Count && _events[_first].Entry.ModRevision <= revision)
            DropFirst();
        Tidy();
    }

    internal void Clear()
    {
        _events.Clear();
        _first = 0;
        Bytes = 0;
    }

    /// <summary>Changes above a revision under a prefix, oldest first.</summary>
    internal List<StoreEvent> Since(string prefix, long revision)
    {
        var found = new List<StoreEvent>();
        for (var i = IndexAbove(revision); i < _events.Count; i++)
        {
            if (_events[i].Entry.Key.StartsWith(prefix, StringComparison.Ordinal))
                found.Add(_events[i]);
        }

        return found;
    }

    private int IndexAbove(long revision)
    {
        var (low, high) = (_first, _events.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_events[middle].Entry.ModRevision <= revision)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private long DropFirst()
    {
        var change = _events[_first];
        _events[_first++] = null!;
        Bytes -= Size(change);
        return change.Entry.ModRevision;
    }

    // Moving the rest down only once as many have gone keeps dropping at constant cost.
    private void Tidy()
    {
        if (_first < 1024 || _first < _events.Count / 2)
            return;
        _events.RemoveRange(0, _first);
        _first = 0;
    }

    // A key and the value it replaced stay reachable through the event; 200 covers the objects around them.
    private static long Size(StoreEvent change) => change.Entry.Value.Length + (2 * change.Entry.Key.Length) + 200;
}
