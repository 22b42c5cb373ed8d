using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Network.Store.Etcd;
using Network.Store.Memory;

namespace Network.Store;

/// <summary>
/// A store in etcd, which several API servers share. Reads come from memory, which follows etcd's watch; a write is one
/// transaction on etcd and is answered when it has come back through the watch, so its writer sees it.
/// </summary>
public sealed partial class EtcdStore : IStore
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly LiveState _live;
    private readonly EtcdClient _client;
    private readonly EtcdFeed _feed;
    private readonly LeaseBuckets _leases;
    private readonly SharedRead _fresh;
    private readonly StoreSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StoreMetrics _metrics;
    private readonly CancellationTokenSource _stop = new();
    private Task _loops = Task.CompletedTask;

    private EtcdStore(EtcdSettings etcd, StoreSettings settings, TimeProvider time, ILogger logger)
    {
        _settings = settings;
        _time = time;
        _logger = logger;
        _live = new LiveState(settings);
        _client = new EtcdClient(etcd);
        _feed = new EtcdFeed(_client, etcd, _live, time, logger);
        _leases = new LeaseBuckets(_client, time);
        _fresh = new SharedRead(CatchUpAsync);
        _metrics = new StoreMetrics("etcd", () => _live.Size, fileBytes: null);
    }

    public long Revision => _live.Revision;

    public long OldestRevision => _live.OldestRevision;

    public StoreSize Size => _live.Size;

    /// <summary>Connects and reads the whole state. Fails with <see cref="IOException"/> when etcd does not answer.</summary>
    public static async Task<EtcdStore> OpenAsync(EtcdSettings etcd, StoreSettings settings, TimeProvider time, ILogger logger, CancellationToken cancel)
    {
        var store = new EtcdStore(etcd, settings, time, logger);
        try
        {
            var current = await store._feed.LoadAsync(cancel).ConfigureAwait(false);
            var stop = store._stop.Token;
            store._loops = Task.WhenAll(store._feed.RunAsync(stop), store.KeepHouseAsync(stop), settings.Compacts ? store.CompactAsync(stop) : Task.CompletedTask);
            await store.ReachAsync(current, cancel).ConfigureAwait(false);
            return store;
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public StoreEntry? Get(string key) => _live.Get(key);

    public int Count(string prefix) => _live.Count(prefix);

    public StoreList List(string prefix, int limit = 0, string? startAfter = null, long revision = 0) => _live.List(prefix, limit, startAfter, revision);

    public async ValueTask FreshAsync(CancellationToken cancel = default) => await _fresh.RunAsync().WaitAsync(cancel).ConfigureAwait(false);

    public async ValueTask<StoreEntry?> PutAsync(string key, ReadOnlyMemory<byte> value, long expectedModRevision, TimeSpan? ttl = null, CancellationToken cancel = default)
    {
        var lease = ttl is { } time ? await _leases.LeaseAsync(time, cancel).ConfigureAwait(false) : 0;
        var answer = await WriteAsync(Requests.Put(key, value, expectedModRevision, lease), cancel).ConfigureAwait(false);
        if (!answer.Succeeded)
            return null;
        var written = answer.Responses[1].ResponseRange.Kvs[0];
        return new StoreEntry(key, value, written.CreateRevision, written.ModRevision);
    }

    public async ValueTask<StoreEntry?> DeleteAsync(string key, long expectedModRevision, CancellationToken cancel = default)
    {
        if (expectedModRevision <= 0)
            return null;
        var answer = await WriteAsync(Requests.Delete(key, expectedModRevision), cancel).ConfigureAwait(false);
        return answer.Succeeded ? Requests.Entry(answer.Responses[0].ResponseRange.Kvs[0]) with { ModRevision = answer.Header.Revision } : null;
    }

    public IAsyncEnumerable<StoreEvent> WatchAsync(string prefix, long fromRevision, CancellationToken cancel) => _live.WatchAsync(prefix, fromRevision, cancel);

    /// <summary>Kept changes above a revision, for looking at history without waiting for more.</summary>
    internal IReadOnlyList<StoreEvent> Since(string prefix, long revision) => _live.Since(prefix, revision);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _live.Close();
        _metrics.Dispose();
        _leases.Dispose();
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task<Etcd.Wire.TxnResponse> WriteAsync(Etcd.Wire.TxnRequest request, CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        var answer = await _client.WriteAsync(request, cancel).ConfigureAwait(false);
        if (answer.Succeeded)
            _metrics.Committed(1, Stopwatch.GetElapsedTime(start));
        // A conflict too: memory must hold what stood in the way before the caller looks again.
        await ReachAsync(answer.Header.Revision, CancellationToken.None).ConfigureAwait(false);
        return answer;
    }

    // A linearizable read of any key: its header tells how far etcd is.
    private async Task CatchUpAsync()
    {
        var (current, _) = await Compactor.ReadAsync(_client, _stop.Token).ConfigureAwait(false);
        if (!await ReachAsync(current, _stop.Token).ConfigureAwait(false))
            throw new IOException($"etcd is at revision {current}, this server's watch of it at {Revision} and not moving");
    }

    // False when the watch does not get there in time. A write is durable all the same.
    private async Task<bool> ReachAsync(long revision, CancellationToken cancel)
    {
        var reached = _live.ReachAsync(revision);
        if (reached.IsCompletedSuccessfully)
            return true;
        try
        {
            await reached.WaitAsync(s_patience, cancel).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task KeepHouseAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(_settings.HousekeepingEvery, _time);
        while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false))
            _feed.Forget(_settings.MaxHistoryAge);
    }

    private async Task CompactAsync(CancellationToken cancel)
    {
        var compactor = new Compactor(_client, _logger);
        using var timer = new PeriodicTimer(_settings.MaxHistoryAge / 2, _time);
        while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false))
        {
            try
            {
                await compactor.TurnAsync(cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or Grpc.Core.RpcException && !cancel.IsCancellationRequested)
            {
                // Compaction can wait; the next turn tries again.
                LogNotCompacted(_logger, e.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "etcd was not compacted: {Reason}")]
    private static partial void LogNotCompacted(ILogger logger, string reason);
}
