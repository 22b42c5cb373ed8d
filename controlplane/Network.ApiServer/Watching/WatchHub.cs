using System.Collections.Frozen;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Network.Api.Resources;
using Network.Store;

namespace Network.ApiServer.Watching;

/// <summary>
/// Reads the store's events once and fans them out by resource. One loop over the whole store, not one a resource: every write of any kind moves
/// <see cref="Position"/>, so a bookmark can promise "you have seen everything up to here" also for a resource that is quiet.
/// </summary>
internal sealed partial class WatchHub : IAsyncDisposable
{
    private readonly IStore _store;
    private readonly ILogger _logger;
    private readonly Lock _publishing = new();
    private volatile FrozenDictionary<string, ResourceFeed[]> _feeds;
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;
    private long _position;

    public WatchHub(IStore store, ILogger logger)
    {
        _store = store;
        _logger = logger;
        _feeds = Index(ResourceCatalog.All.Where(r => !r.Has(ResourceTraits.CreateOnly)).Select(r => new ResourceFeed(r)));
    }

    /// <summary>Everything up to this revision has been handed to the watchers.</summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>Waits until everything up to a revision has been handed on; at most so long, for a store whose revisions others move too.</summary>
    public async Task ReachAsync(long revision, TimeSpan atMost, CancellationToken cancel)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (Position < revision && clock.Elapsed < atMost)
            await Task.Delay(1, cancel);
    }

    public void Start()
    {
        _position = _store.Revision;
        foreach (var feed in _feeds.Values.SelectMany(f => f))
            feed.Begin(_position);
        _loop = RunAsync(_stop.Token);
    }

    /// <summary>Carries these custom resources beside the built-in ones. Watchers of a resource that changed or went are cut off.</summary>
    public void Serve(IReadOnlyCollection<ResourceInfo> custom)
    {
        lock (_publishing)
        {
            var wanted = custom.ToHashSet(ReferenceEqualityComparer.Instance);
            var present = _feeds.Values.SelectMany(f => f).ToList();
            var kept = present.Where(f => f.Resource.CustomSchema is null || wanted.Contains(f.Resource)).ToList();
            var added = custom.Where(r => !kept.Exists(f => ReferenceEquals(f.Resource, r))).Select(r => new ResourceFeed(r)).ToList();
            _feeds = Index(kept.Concat(added));
            foreach (var feed in present.Except(kept).Concat(added))
                feed.Begin(_position);
        }
    }

    /// <summary>Events of the resource after a revision; null when the hub no longer holds them and the store has to be asked.</summary>
    public ChannelReader<SharedEvent>? Subscribe(ResourceInfo resource, long afterRevision, CancellationToken cancel) =>
        _feeds.GetValueOrDefault(resource.StoragePrefix)?.FirstOrDefault(f => ReferenceEquals(f.Resource, resource))?.Subscribe(afterRevision, cancel);

    private static FrozenDictionary<string, ResourceFeed[]> Index(IEnumerable<ResourceFeed> feeds) =>
        feeds.GroupBy(f => f.Resource.StoragePrefix).ToFrozenDictionary(g => g.Key, g => g.ToArray());

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await foreach (var change in _store.WatchAsync("/registry/", _position, cancel))
                {
                    lock (_publishing)
                    {
                        foreach (var feed in FeedsOf(change.Entry.Key))
                            feed.Publish(change);
                        Volatile.Write(ref _position, change.Entry.ModRevision);
                    }
                }
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (Exception e) when (e is CompactedException or WatchOverrunException)
            {
                // Events were lost, so every watcher has to list again.
                LogLost(_logger, _position, e);
                var fresh = _store.Revision;
                lock (_publishing)
                {
                    foreach (var feed in _feeds.Values.SelectMany(f => f))
                        feed.Begin(fresh);
                    Volatile.Write(ref _position, fresh);
                }
            }
        }

        foreach (var feed in _feeds.Values.SelectMany(f => f))
            feed.Begin(0);
    }

    // /registry/pods/ns/name, or /registry/apps/deployments/ns/name: the first or the first two segments after /registry/.
    private ResourceFeed[] FeedsOf(string key)
    {
        var lookup = _feeds.GetAlternateLookup<ReadOnlySpan<char>>();
        var first = key.IndexOf('/', "/registry/".Length);
        if (first < 0)
            return [];
        if (lookup.TryGetValue(key.AsSpan(0, first + 1), out var feeds))
            return feeds;
        var second = key.IndexOf('/', first + 1);
        return second > 0 && lookup.TryGetValue(key.AsSpan(0, second + 1), out feeds) ? feeds : [];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "watch hub lost events after revision {Position}; all watchers list again")]
    private static partial void LogLost(ILogger logger, long position, Exception cause);
}
