using System.Threading.Channels;

namespace Network.Store.Memory;

/// <summary>Hands every durable change to the watchers of its prefix. The owner calls it under its lock, so order is kept.</summary>
internal sealed class Watchers(int mostPending)
{
    private readonly List<Watcher> _watchers = [];

    internal int Count => _watchers.Count;

    /// <summary>Joins with the events it has missed so far.</summary>
    internal Watcher Join(string prefix, long after, IReadOnlyList<StoreEvent> missed)
    {
        var watcher = new Watcher(prefix, after);
        foreach (var change in missed)
            watcher.Events.Writer.TryWrite(change);
        watcher.Allowance = mostPending + missed.Count;
        _watchers.Add(watcher);
        return watcher;
    }

    internal void Leave(Watcher watcher) => _watchers.Remove(watcher);

    internal void Publish(StoreEvent change)
    {
        for (var i = _watchers.Count - 1; i >= 0; i--)
        {
            var watcher = _watchers[i];
            // A watch may ask for a revision that is still to come.
            if (change.Entry.ModRevision <= watcher.After || !change.Entry.Key.StartsWith(watcher.Prefix, StringComparison.Ordinal))
                continue;
            if (watcher.Events.Reader.Count < watcher.Allowance)
                watcher.Events.Writer.TryWrite(change);
            else
                Cut(i);
        }
    }

    internal void CutAll()
    {
        for (var i = _watchers.Count - 1; i >= 0; i--)
            Cut(i);
    }

    internal void Close()
    {
        foreach (var watcher in _watchers)
            watcher.Events.Writer.TryComplete();
        _watchers.Clear();
    }

    // A watcher this far behind is cut off rather than allowed to hold memory; it resumes from the history or lists again.
    private void Cut(int index)
    {
        _watchers[index].Events.Writer.TryComplete(new WatchOverrunException(_watchers[index].Prefix));
        _watchers.RemoveAt(index);
    }

    internal sealed class Watcher(string prefix, long after)
    {
        internal string Prefix { get; } = prefix;

        internal long After { get; } = after;

        internal int Allowance { get; set; }

        // Not the single-reader kind: that one cannot count what is pending.
        internal Channel<StoreEvent> Events { get; } = Channel.CreateUnbounded<StoreEvent>();
    }
}
