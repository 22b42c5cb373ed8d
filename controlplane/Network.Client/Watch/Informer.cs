using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Network.Client;

/// <summary>
/// A local copy of the objects a query covers, kept current by list and watch. Changes are announced in order on one
/// thread at a time; handlers must be quick (put a key into a <see cref="WorkQueue{TKey}"/>). After a broken
/// connection the watch goes on where it ended; only when that history is gone is everything listed again, and then the
/// difference is announced, so that a handler never misses a deletion.
/// </summary>
public sealed partial class Informer<T>(ApiClient client, Resource<T> resource, ListQuery query, ILogger logger)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<string, T> _items = new(StringComparer.Ordinal);
    private long _heard;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Objects by <c>namespace/name</c>, or <c>name</c> for cluster-wide kinds.</summary>
    public IReadOnlyDictionary<string, T> Items => _items;

    /// <summary>Completes when the first list is in <see cref="Items"/> and was announced.</summary>
    public Task Synced => _synced.Task;

    /// <summary>True while a watch is open; a reader can tell stale from current.</summary>
    public bool Connected
    {
        get;
        private set
        {
            if (field == value)
                return;
            field = value;
            ConnectionChanged?.Invoke(value);
        }
    }

    /// <summary>
    /// How long ago the server last said something (a list, a change, a bookmark): what is in <see cref="Items"/> is never older
    /// than this. Null before the first list.
    /// </summary>
    public TimeSpan? Age => Volatile.Read(ref _heard) is > 0 and var heard ? Stopwatch.GetElapsedTime(heard) : null;

    /// <summary>A watch was opened (true) or broke (false): what happened in between is told late, or not at all.</summary>
    public event Action<bool>? ConnectionChanged;

    public event Action<Change<T>>? Changed;

    public static string KeyOf(T obj) => obj.Metadata.NamespaceProperty is { Length: > 0 } ns ? $"{ns}/{obj.Metadata.Name}" : obj.Metadata.Name;

    public T? Find(string key) => _items.GetValueOrDefault(key);

    public async Task RunAsync(CancellationToken cancel)
    {
        string? revision = null;
        var pause = s_firstPause;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                if (revision is null)
                {
                    revision = await ListAsync(cancel).ConfigureAwait(false);
                    pause = s_firstPause;
                }

                await foreach (var change in client.WatchAsync(resource, query, revision, cancel, () => Connected = true).ConfigureAwait(false))
                {
                    pause = s_firstPause;
                    Volatile.Write(ref _heard, Stopwatch.GetTimestamp());
                    revision = change.Bookmark ?? change.Object!.Metadata.ResourceVersion;
                    Apply(change);
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (ApiException e) when (e.IsExpired)
            {
                LogExpired(resource.Plural, e.Message);
                revision = null;
            }
            catch (Exception e) when (e is ApiException or HttpRequestException or IOException or OperationCanceledException or JsonException or KeyNotFoundException)
            {
                // A proxy may end a response in the middle of a line, or answer with a page of its own.
                LogBroken(resource.Plural, e.Message);
                await Task.Delay(pause, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
            }

            Connected = false;
        }
    }

    private async Task<string> ListAsync(CancellationToken cancel)
    {
        // Of the time of the question: the list shows that moment or a later one.
        var asked = Stopwatch.GetTimestamp();
        var list = await client.ListAsync(resource, query, cancel).ConfigureAwait(false);
        var present = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list.Items)
        {
            var key = KeyOf(item);
            present.Add(key);
            if (_items.GetValueOrDefault(key)?.Metadata.ResourceVersion != item.Metadata.ResourceVersion)
                Put(key, item);
        }

        foreach (var gone in _items.Keys.Where(key => !present.Contains(key)).ToList())
            Remove(gone, null);
        Volatile.Write(ref _heard, asked);
        Connected = true;
        _synced.TrySetResult();
        return list.ResourceVersion;
    }

    private void Apply(WatchEvent<T> change)
    {
        if (change.Kind == WatchKind.Bookmark)
            return;
        var key = KeyOf(change.Object!);
        if (change.Kind == WatchKind.Deleted)
            Remove(key, change.Object);
        else
            Put(key, change.Object!);
    }

    private void Put(string key, T item)
    {
        var old = _items.GetValueOrDefault(key);
        _items[key] = item;
        Changed?.Invoke(new Change<T>(old, item));
    }

    private void Remove(string key, T? last)
    {
        if (_items.TryRemove(key, out var old))
            Changed?.Invoke(new Change<T>(last ?? old, null));
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "watch {Resource} broken: {Reason}")]
    private partial void LogBroken(string resource, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "watch {Resource} expired, listing again: {Reason}")]
    private partial void LogExpired(string resource, string reason);
}
