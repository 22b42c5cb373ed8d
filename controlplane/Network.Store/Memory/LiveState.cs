using System.Runtime.CompilerServices;

namespace Network.Store.Memory;

/// <summary>
/// What readers and watchers see: state, history and watchers behind one lock. A store tells it what has become durable;
/// nothing else changes it.
/// </summary>
internal sealed class LiveState(StoreSettings settings)
{
    private readonly Lock _lock = new();
    private readonly StoreState _state = new(settings.MaxHistoryBytes);
    private readonly Watchers _watchers = new(settings.MaxWatcherLag);
    private readonly List<(long Revision, TaskCompletionSource Reached)> _waiting = [];

    internal long Revision
    {
        get
        {
            lock (_lock)
                return _state.Revision;
        }
    }

    internal long OldestRevision
    {
        get
        {
            lock (_lock)
                return _state.OldestRevision;
        }
    }

    internal StoreSize Size
    {
        get
        {
            lock (_lock)
                return new StoreSize(_state.Count, _state.HistoryBytes, _watchers.Count, _state.Revision, _state.OldestRevision);
        }
    }

    internal StoreEntry? Get(string key)
    {
        lock (_lock)
            return _state.Get(key);
    }

    internal int Count(string prefix)
    {
        lock (_lock)
            return _state.CountOf(prefix);
    }

    internal StoreList List(string prefix, int limit, string? startAfter, long revision)
    {
        lock (_lock)
            return revision == 0 || revision == _state.Revision
                ? _state.List(prefix, limit, startAfter)
                : _state.ListAt(prefix, limit, startAfter, revision);
    }

    internal IReadOnlyList<StoreEvent> Since(string prefix, long revision)
    {
        lock (_lock)
            return _state.Since(prefix, revision);
    }

    internal async IAsyncEnumerable<StoreEvent> WatchAsync(string prefix, long fromRevision, [EnumeratorCancellation] CancellationToken cancel)
    {
        Watchers.Watcher watcher;
        lock (_lock)
            watcher = _watchers.Join(prefix, fromRevision, _state.Since(prefix, fromRevision));
        try
        {
            await foreach (var change in watcher.Events.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
                yield return change;
        }
        finally
        {
            lock (_lock)
                _watchers.Leave(watcher);
        }
    }

    /// <summary>Fills an empty state at start, before anybody watches.</summary>
    internal void Load(Action<StoreState> fill)
    {
        lock (_lock)
            fill(_state);
    }

    /// <summary>Makes durable changes visible, in order.</summary>
    internal void Apply(IEnumerable<StoreEvent> changes, long upTo = 0)
    {
        lock (_lock)
        {
            foreach (var change in changes)
            {
                _state.Apply(change);
                _watchers.Publish(change);
            }

            _state.Advance(upTo);
            Release();
        }
    }

    internal void Forget(long revision)
    {
        lock (_lock)
            _state.Forget(revision);
    }

    /// <summary>Takes a state that was read anew after changes were missed: every watcher has to list again.</summary>
    internal void Replace(IEnumerable<StoreEntry> entries, long revision)
    {
        lock (_lock)
        {
            _state.Clear();
            foreach (var entry in entries)
                _state.Load(entry);
            _state.LoadRevision(revision, revision);
            _watchers.CutAll();
            Release();
        }
    }

    /// <summary>Completes when the state has reached a revision.</summary>
    internal Task ReachAsync(long revision)
    {
        lock (_lock)
        {
            if (_state.Revision >= revision)
                return Task.CompletedTask;
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((revision, reached));
            return reached.Task;
        }
    }

    internal void Close()
    {
        lock (_lock)
        {
            _watchers.Close();
            foreach (var (_, reached) in _waiting)
                reached.TrySetException(new ObjectDisposedException("store"));
            _waiting.Clear();
        }
    }

    private void Release()
    {
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_waiting[i].Revision > _state.Revision)
                continue;
            _waiting[i].Reached.TrySetResult();
            _waiting.RemoveAt(i);
        }
    }
}
