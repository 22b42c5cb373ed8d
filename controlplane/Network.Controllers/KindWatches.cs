using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Controllers;

/// <summary>
/// Watches the metadata of every kind a filter lets through. Custom kinds come and go with their definitions, so discovery is read
/// again after every change of those.
/// </summary>
internal sealed partial class KindWatches
{
    // A definition changes several times while it becomes served; one reading of discovery is enough for all of them.
    private static readonly TimeSpan s_calm = TimeSpan.FromMilliseconds(100);

    // A kind may be gone before its first list came: no reading waits longer than this for one, or none would ever follow.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private readonly ControllerContext _context;
    private readonly Func<CatalogEntry, bool> _wanted;
    private readonly Action<CatalogEntry, Change<ObjectMetadata>> _changed;
    private readonly ConcurrentDictionary<(string Group, string Kind), WatchedKind> _watched = [];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WorkQueue<string> _queue;
    private readonly ILogger _logger;
    private bool _unsettled;

    internal KindWatches(ControllerContext context, string owner, Func<CatalogEntry, bool> wanted, Action<CatalogEntry, Change<ObjectMetadata>> changed)
    {
        _context = context;
        _wanted = wanted;
        _changed = changed;
        _queue = context.Queue($"{owner}-kinds");
        _logger = context.Loggers.CreateLogger(owner);
    }

    /// <summary>Completes when every kind of the first reading is in memory.</summary>
    internal Task Synced => _synced.Task;

    /// <summary>Raised after a reading that found kinds come or gone.</summary>
    internal event Action? KindsChanged;

    internal CatalogEntry? Find(string group, string kind) => _watched.GetValueOrDefault((group, kind))?.Kind;

    internal IEnumerable<CatalogEntry> Kinds => _watched.Values.Select(watched => watched.Kind);

    internal async Task RunAsync(CancellationToken cancel)
    {
        var resource = ObjectMetadata.Of("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced: false);
        var definitions = new Informer<ObjectMetadata>(_context.Client, resource, ListQuery.All, _logger);
        definitions.Changed += _ => _queue.AddAfter("", s_calm);
        _queue.Add("");
        await Task.WhenAll(definitions.RunAsync(cancel), _queue.RunAsync(1, (_, stop) => RefreshAsync(stop), cancel)).ConfigureAwait(false);
        await Task.WhenAll(_watched.Values.Select(watched => watched.Running)).ConfigureAwait(false);
    }

    private async Task<TimeSpan?> RefreshAsync(CancellationToken cancel)
    {
        var wanted = (await ApiCatalog.ReadAsync(_context.Client, cancel).ConfigureAwait(false)).Where(_wanted).ToDictionary(kind => (kind.Group, kind.Kind));
        var gone = _watched.Where(pair => !wanted.TryGetValue(pair.Key, out var kind) || kind.Version != pair.Value.Kind.Version).ToList();
        foreach (var (key, watched) in gone)
            await ForgetAsync(key, watched).ConfigureAwait(false);
        var added = wanted.Values.Where(kind => !_watched.ContainsKey((kind.Group, kind.Kind))).ToList();
        foreach (var kind in added)
            _watched[(kind.Group, kind.Kind)] = Start(kind, cancel);
        var settled = await SettledAsync(cancel).ConfigureAwait(false);
        if (settled && _synced.TrySetResult())
            LogWatching(_watched.Count);
        if (gone.Count + added.Count > 0 || _unsettled)
            KindsChanged?.Invoke();
        _unsettled = !settled;
        return settled ? null : s_patience;
    }

    private async Task<bool> SettledAsync(CancellationToken cancel)
    {
        var all = Task.WhenAll(_watched.Values.Select(watched => watched.Informer.Synced));
        await Task.WhenAny(all, Task.Delay(s_patience, cancel)).ConfigureAwait(false);
        cancel.ThrowIfCancellationRequested();
        return all.IsCompletedSuccessfully;
    }

    private WatchedKind Start(CatalogEntry kind, CancellationToken cancel)
    {
        var resource = ObjectMetadata.Of(kind.Group, kind.Version, kind.Plural, kind.Kind, kind.Namespaced);
        var informer = new Informer<ObjectMetadata>(_context.Client, resource, ListQuery.All, _logger);
        informer.Changed += change => _changed(kind, change);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        return new WatchedKind(kind, informer, stop, informer.RunAsync(stop.Token));
    }

    // What its watch has not reported as deleted is gone with the kind all the same.
    private async Task ForgetAsync((string Group, string Kind) key, WatchedKind watched)
    {
        _watched.TryRemove(key, out _);
        await watched.Stop.CancelAsync().ConfigureAwait(false);
        await watched.Running.ConfigureAwait(false);
        watched.Stop.Dispose();
        foreach (var item in watched.Informer.Items.Values)
            _changed(watched.Kind, new Change<ObjectMetadata>(item, null));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "watching metadata of {Kinds} kinds")]
    private partial void LogWatching(int kinds);

    private sealed record WatchedKind(CatalogEntry Kind, Informer<ObjectMetadata> Informer, CancellationTokenSource Stop, Task Running);
}
