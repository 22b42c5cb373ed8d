using Network.Store.Memory;

namespace Network.Store;

/// <summary>A store that keeps nothing: the semantics of the others without their disk, for tests and experiments.</summary>
public sealed class MemoryStore : IStore
{
    private readonly Lock _writing = new();
    private readonly LiveState _live;
    private readonly Expiries _expiries = new();
    private readonly RevisionClock _clock = new();
    private readonly StoreSettings _settings;
    private readonly TimeProvider _time;
    private readonly ITimer _housekeeping;

    public MemoryStore(StoreSettings settings, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        _live = new LiveState(settings);
        _housekeeping = time.CreateTimer(_ => KeepHouse(), null, settings.HousekeepingEvery, settings.HousekeepingEvery);
    }

    public long Revision => _live.Revision;

    public long OldestRevision => _live.OldestRevision;

    public StoreSize Size => _live.Size;

    public StoreEntry? Get(string key) => _live.Get(key);

    public int Count(string prefix) => _live.Count(prefix);

    public StoreList List(string prefix, int limit = 0, string? startAfter = null, long revision = 0) => _live.List(prefix, limit, startAfter, revision);

    public ValueTask FreshAsync(CancellationToken cancel = default) => ValueTask.CompletedTask;

    public ValueTask<StoreEntry?> PutAsync(string key, ReadOnlyMemory<byte> value, long expectedModRevision, TimeSpan? ttl = null,
        CancellationToken cancel = default) => ValueTask.FromResult(Commit(new Write(key, value, expectedModRevision, ttl, IsDelete: false)));

    public ValueTask<StoreEntry?> DeleteAsync(string key, long expectedModRevision, CancellationToken cancel = default) =>
        ValueTask.FromResult(Commit(new Write(key, default, expectedModRevision, null, IsDelete: true)));

    public IAsyncEnumerable<StoreEvent> WatchAsync(string prefix, long fromRevision, CancellationToken cancel) => _live.WatchAsync(prefix, fromRevision, cancel);

    public async ValueTask DisposeAsync()
    {
        await _housekeeping.DisposeAsync().ConfigureAwait(false);
        _live.Close();
    }

    private StoreEntry? Commit(Write write)
    {
        lock (_writing)
        {
            var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
            var plan = CommitPlan.For([write], _live.Get, _live.Revision, now);
            foreach (var change in plan.Changes)
            {
                _live.Apply([change.Change]);
                _expiries.Note(write.Key, change.ExpiresAt);
                _clock.Note(now, change.Change.Entry.ModRevision);
            }

            return plan.Answers[0].Answer;
        }
    }

    private void KeepHouse()
    {
        var now = _time.GetUtcNow();
        List<string> due;
        lock (_writing)
        {
            due = _expiries.DueBy(now.ToUnixTimeMilliseconds());
            _live.Forget(_clock.At((now - _settings.MaxHistoryAge).ToUnixTimeMilliseconds()));
        }

        foreach (var key in due)
        {
            if (Get(key) is { } entry)
                Commit(new Write(key, default, entry.ModRevision, null, IsDelete: true));
        }
    }
}
