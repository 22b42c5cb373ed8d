using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Network.Store.Memory;
using Network.Store.Sqlite;
using Network.Store.Watch;

namespace Network.Store;

/// <summary>
/// The embedded store: the latest state and the recent history in memory, every write first in SQLite. Writers queue up;
/// one thread takes all that wait, commits them in one transaction (group commit) and only then makes them visible and
/// answers. So reads never touch the disk and an acknowledged write survives SIGKILL and power loss.
/// </summary>
public sealed class SqliteStore : IStore
{
    private readonly Lock _lock = new();
    private readonly StoreState _state;
    private readonly WatchHub _hub = new();
    private readonly Journal _journal;
    private readonly Channel<Write> _writes = Channel.CreateUnbounded<Write>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<string, long> _expiries = new(StringComparer.Ordinal);
    private readonly StoreSettings _settings;
    private readonly TimeProvider _time;
    private readonly ITimer _housekeeping;
    private readonly Thread _writer;

    /// <summary>Opens or creates the store file. A damaged file is refused with <see cref="InvalidDataException"/>.</summary>
    public SqliteStore(string path, StoreSettings settings, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        _state = new StoreState(settings.MaxHistoryBytes);
        _journal = new Journal(path);
        Load();
        _writer = new Thread(WriteLoop) { IsBackground = true, Name = "store" };
        _writer.Start();
        _housekeeping = time.CreateTimer(_ => _writes.Writer.TryWrite(Write.Housekeeping), null, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));
    }

    public long Revision
    {
        get
        {
            lock (_lock)
                return _state.Revision;
        }
    }

    public long OldestRevision
    {
        get
        {
            lock (_lock)
                return _state.OldestRevision;
        }
    }

    public StoreEntry? Get(string key)
    {
        lock (_lock)
            return _state.Get(key);
    }

    public StoreList List(string prefix, int limit = 0, string? startAfter = null, long revision = 0)
    {
        lock (_lock)
            return revision == 0 || revision == _state.Revision
                ? _state.List(prefix, limit, startAfter)
                : _state.ListAt(prefix, limit, startAfter, revision);
    }

    public ValueTask<StoreEntry?> PutAsync(string key, ReadOnlyMemory<byte> value, long expectedModRevision, TimeSpan? ttl = null,
        CancellationToken cancel = default) => EnqueueAsync(new Write(key, value, expectedModRevision, ttl, IsDelete: false));

    public ValueTask<StoreEntry?> DeleteAsync(string key, long expectedModRevision, CancellationToken cancel = default) =>
        EnqueueAsync(new Write(key, default, expectedModRevision, null, IsDelete: true));

    public async IAsyncEnumerable<StoreEvent> WatchAsync(string prefix, long fromRevision, [EnumeratorCancellation] CancellationToken cancel)
    {
        WatchHub.Watcher watcher;
        lock (_lock)
            watcher = _hub.Join(prefix, _state.Since(prefix, fromRevision));
        try
        {
            await foreach (var change in watcher.ReadAsync(cancel).ConfigureAwait(false))
                yield return change;
        }
        finally
        {
            lock (_lock)
                _hub.Leave(watcher);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _housekeeping.DisposeAsync().ConfigureAwait(false);
        _writes.Writer.TryComplete();
        await Task.Run(_writer.Join).ConfigureAwait(false);
        lock (_lock)
            _hub.Close();
        _journal.Dispose();
    }

    private async ValueTask<StoreEntry?> EnqueueAsync(Write write) =>
        _writes.Writer.TryWrite(write) ? await write.Done.Task.ConfigureAwait(false) : throw new ObjectDisposedException(nameof(SqliteStore));

    private void Load()
    {
        var compacted = _journal.Compacted;
        _state.LoadRevision(_journal.LastRevision, compacted);
        foreach (var row in _journal.ReadAll())
        {
            var entry = row.Change.Entry;
            // Below the compaction point only surviving latest values are left; they are state, not history.
            if (entry.ModRevision <= compacted)
                _state.Load(entry);
            else
                _state.Apply(row.Change);
            if (row.ExpiresAt > 0 && row.Change.Type == StoreEventType.Put)
                _expiries[entry.Key] = row.ExpiresAt;
            else
                _expiries.Remove(entry.Key);
        }

        _state.LoadRevision(_journal.LastRevision, Math.Max(compacted, _state.OldestRevision));
    }

    private void WriteLoop()
    {
        var reader = _writes.Reader;
        var group = new List<Write>();
        while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            group.Clear();
            while (group.Count < 512 && reader.TryRead(out var write))
                group.Add(write);
            Commit(group);
        }
    }

    private void Commit(List<Write> group)
    {
        try
        {
            if (group.Remove(Write.Housekeeping))
                KeepHouse(group);
            var plan = CommitPlan.For(group, Get, Revision, _time.GetUtcNow().ToUnixTimeMilliseconds());
            if (plan.Rows.Count > 0)
                _journal.Append(plan.Rows);
            lock (_lock)
            {
                foreach (var row in plan.Rows)
                {
                    _state.Apply(row.Change);
                    _hub.Publish(row.Change);
                    if (row.ExpiresAt > 0)
                        _expiries[row.Change.Entry.Key] = row.ExpiresAt;
                    else
                        _expiries.Remove(row.Change.Entry.Key);
                }
            }

            foreach (var (write, entry) in plan.Answers)
                write.Done.TrySetResult(entry);
        }
        catch (Exception e)
        {
            // Nothing of this group became visible; every writer learns that its write did not happen.
            foreach (var write in group)
                write.Done.TrySetException(new IOException($"store: commit failed: {e.Message}", e));
        }
    }

    // Expired entries are deleted by ordinary writes, so watchers see them go; then old history is dropped.
    private void KeepHouse(List<Write> group)
    {
        while (group.Remove(Write.Housekeeping))
        {
        }

        var now = _time.GetUtcNow();
        foreach (var (key, _) in _expiries.Where(pair => pair.Value <= now.ToUnixTimeMilliseconds()).ToList())
        {
            if (Get(key) is { } entry)
                group.Add(new Write(key, default, entry.ModRevision, null, IsDelete: true));
        }

        var target = Math.Max(_journal.RevisionAt((now - _settings.MaxHistoryAge).ToUnixTimeMilliseconds()), OldestRevision);
        if (target > _journal.Compacted)
        {
            _journal.Compact(target);
            lock (_lock)
                _state.Forget(target);
        }
    }
}
