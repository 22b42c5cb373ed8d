using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Network.Store.Watch;

/// <summary>Hands every durable change to the watchers of its prefix. The owner calls it under its lock, so order is kept.</summary>
internal sealed class WatchHub
{
    // A watcher this far behind is cut off rather than allowed to hold memory; it resumes from the history or lists again.
    private const int MostPending = 16_384;
    private readonly List<Watcher> _watchers = [];

    internal int Count => _watchers.Count;

    /// <summary>Joins with the events it has missed so far.</summary>
    internal Watcher Join(string prefix, IReadOnlyList<StoreEvent> missed)
    {
        var watcher = new Watcher(prefix);
        foreach (var change in missed)
            watcher.Events.Writer.TryWrite(change);
        _watchers.Add(watcher);
        return watcher;
    }

    internal void Leave(Watcher watcher) => _watchers.Remove(watcher);

    internal void Publish(StoreEvent change)
    {
        for (var i = _watchers.Count - 1; i >= 0; i--)
        {
            var watcher = _watchers[i];
            if (!change.Entry.Key.StartsWith(watcher.Prefix, StringComparison.Ordinal))
                continue;
            if (watcher.Events.Reader.Count < MostPending)
            {
                watcher.Events.Writer.TryWrite(change);
                continue;
            }

            watcher.Events.Writer.TryComplete(new WatchOverrunException(watcher.Prefix));
            _watchers.RemoveAt(i);
        }
    }

    internal void Close()
    {
        foreach (var watcher in _watchers)
            watcher.Events.Writer.TryComplete();
        _watchers.Clear();
    }

    internal sealed class Watcher(string prefix)
    {
        internal string Prefix { get; } = prefix;

        // Not the single-reader kind: that one cannot count what is pending.
        internal Channel<StoreEvent> Events { get; } = Channel.CreateUnbounded<StoreEvent>();

        internal async IAsyncEnumerable<StoreEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancel)
        {
            await foreach (var change in Events.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
                yield return change;
        }
    }
}
