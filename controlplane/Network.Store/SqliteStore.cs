using System.Diagnostics;
using System.Threading.Channels;
using Network.Store.Memory;
using Network.Store.Sqlite;

namespace Network.Store;

/// <summary>
/// The embedded store: the latest state and the recent history in memory, every write first in SQLite. Writers queue up;
/// one thread takes all that wait, commits them in one transaction (group commit) and only then makes them visible and
/// answers. So reads never touch the disk and an acknowledged write survives SIGKILL and power loss.
/// </summary>
public sealed class SqliteStore : IStore
{
    private readonly LiveState _live;
    private readonly Journal _journal;
    private readonly Channel<Write> _writes = Channel.CreateUnbounded<Write>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Expiries _expiries = new();
    private readonly RevisionClock _clock = new();
    private readonly StoreSettings _settings;
    private readonly TimeProvider _time;
    private readonly ITimer _housekeeping;
    private readonly StoreMetrics _metrics;
    private readonly Thread _writer;

    /// <summary>Opens or creates the store file. A damaged file is refused with <see cref="InvalidDataException"/>.</summary>
    public SqliteStore(string path, StoreSettings settings, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        _live = new LiveState(settings);
        _journal = new Journal(path);
        try
        {
            _live.Load(Load);
        }
        catch
        {
            _journal.Dispose();
            throw;
        }

        _metrics = new StoreMetrics("sqlite", () => _live.Size, () => _journal.FileBytes);
        _writer = new Thread(WriteLoop) { IsBackground = true, Name = "store" };
        _writer.Start();
        _housekeeping = time.CreateTimer(_ => _writes.Writer.TryWrite(Write.Housekeeping), null, settings.HousekeepingEvery, settings.HousekeepingEvery);
    }

    public long Revision => _live.Revision;

    public long OldestRevision => _live.OldestRevision;

    public StoreSize Size => _live.Size;

    public StoreEntry? Get(string key) => _live.Get(key);

    public int Count(string prefix) => _live.Count(prefix);

    public StoreList List(string prefix, int limit = 0, string? startAfter = null, long revision = 0) => _live.List(prefix, limit, startAfter, revision);

    public ValueTask FreshAsync(CancellationToken cancel = default) => ValueTask.CompletedTask;

    public ValueTask<StoreEntry?> PutAsync(string key, ReadOnlyMemory<byte> value, long expectedModRevision, TimeSpan? ttl = null,
        CancellationToken cancel = default) => EnqueueAsync(new Write(key, value, expectedModRevision, ttl, IsDelete: false));

    public ValueTask<StoreEntry?> DeleteAsync(string key, long expectedModRevision, CancellationToken cancel = default) =>
        EnqueueAsync(new Write(key, default, expectedModRevision, null, IsDelete: true));

    public IAsyncEnumerable<StoreEvent> WatchAsync(string prefix, long fromRevision, CancellationToken cancel) => _live.WatchAsync(prefix, fromRevision, cancel);

    public async ValueTask DisposeAsync()
    {
        await _housekeeping.DisposeAsync().ConfigureAwait(false);
        _writes.Writer.TryComplete();
        await Task.Run(_writer.Join).ConfigureAwait(false);
        _live.Close();
        _metrics.Dispose();
        _journal.Dispose();
    }

    private async ValueTask<StoreEntry?> EnqueueAsync(Write write) =>
        _writes.Writer.TryWrite(write) ? await write.Done.Task.ConfigureAwait(false) : throw new ObjectDisposedException(nameof(SqliteStore));

    private void Load(StoreState state)
    {
        var compacted = _journal.Compacted;
        state.LoadRevision(compacted, compacted);
        foreach (var row in _journal.ReadAll())
        {
            // Below the compaction point only surviving latest values are left; they are state, not history.
            if (row.Revision <= compacted)
                state.Load(row.Entry);
            else
                state.Apply(new StoreEvent(row.Deleted ? StoreEventType.Delete : StoreEventType.Put, row.Entry, state.Get(row.Key)));
            _expiries.Note(row.Key, row.Deleted ? 0 : row.ExpiresAt);
            _clock.Note(row.WrittenAt, row.Revision);
        }
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
            if (group.Contains(Write.Housekeeping))
                KeepHouse(group);
            var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
            var plan = CommitPlan.For(group, _live.Get, _live.Revision, now);
            if (plan.Changes.Count > 0)
                Make(plan, now);
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

    private void Make(CommitPlan plan, long now)
    {
        var start = Stopwatch.GetTimestamp();
        _journal.Append(plan.Changes);
        _metrics.Committed(plan.Changes.Count, Stopwatch.GetElapsedTime(start));
        _live.Apply(plan.Changes.Select(planned => planned.Change));
        foreach (var planned in plan.Changes)
            _expiries.Note(planned.Change.Entry.Key, planned.ExpiresAt);
        _clock.Note(now, plan.Changes[^1].Change.Entry.ModRevision);
    }

    // Expired entries are deleted by ordinary writes, so watchers see them go; then old history is dropped.
    private void KeepHouse(List<Write> group)
    {
        group.RemoveAll(write => write == Write.Housekeeping);
        var now = _time.GetUtcNow();
        foreach (var key in _expiries.DueBy(now.ToUnixTimeMilliseconds()))
        {
            if (_live.Get(key) is { } entry)
                group.Add(new Write(key, default, entry.ModRevision, null, IsDelete: true));
        }

        var target = Math.Max(_clock.At((now - _settings.MaxHistoryAge).ToUnixTimeMilliseconds()), OldestRevision);
        if (target <= _journal.Compacted)
            return;
        _journal.Compact(target, Revision);
        _live.Forget(target);
    }
}
