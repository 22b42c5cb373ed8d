namespace Network.Store;

/// <summary>
/// The brain: keys with values under one global revision, as etcd keeps them. Every write gets the next revision; a write
/// that is acknowledged is durable; nothing becomes visible to readers or watchers before it is durable.
/// </summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>The revision of the latest durable write.</summary>
    long Revision { get; }

    /// <summary>The oldest revision whose state and events can still be asked for.</summary>
    long OldestRevision { get; }

    /// <summary>What the store holds in memory.</summary>
    StoreSize Size { get; }

    /// <summary>
    /// Completes when memory holds every write that anybody was told of before this call, also by another server over the
    /// same etcd. Reads that must not be stale wait for it; where this process is the only writer it is complete at once.
    /// </summary>
    ValueTask FreshAsync(CancellationToken cancel = default);

    /// <summary>The latest value of a key, from memory.</summary>
    StoreEntry? Get(string key);

    /// <summary>How many keys there are under a prefix.</summary>
    int Count(string prefix);

    /// <summary>
    /// Entries under a prefix in ordinal key order. <paramref name="startAfter"/> is exclusive; <paramref name="limit"/> 0
    /// means all; <paramref name="revision"/> 0 means the latest, else the state at that revision
    /// (<see cref="CompactedException"/> when it is gone, <see cref="FutureRevisionException"/> when it has not been reached).
    /// </summary>
    StoreList List(string prefix, int limit = 0, string? startAfter = null, long revision = 0);

    /// <summary>
    /// Creates (<paramref name="expectedModRevision"/> 0: the key must not exist) or replaces the value if the entry's
    /// ModRevision still is the expected one. Null on conflict. Completes when the write is durable and this store's readers
    /// see it; after a conflict they see the entry that stood in the way.
    /// </summary>
    /// <param name="ttl">The entry is deleted after this time; null keeps it.</param>
    ValueTask<StoreEntry?> PutAsync(string key, ReadOnlyMemory<byte> value, long expectedModRevision, TimeSpan? ttl = null, CancellationToken cancel = default);

    /// <summary>Deletes if ModRevision matches. Returns the last entry with the deletion's revision as ModRevision; null on conflict or absence.</summary>
    ValueTask<StoreEntry?> DeleteAsync(string key, long expectedModRevision, CancellationToken cancel = default);

    /// <summary>
    /// Every change with a revision above <paramref name="fromRevision"/> under the prefix, once and in order. Throws
    /// <see cref="CompactedException"/> first when that history is gone, and <see cref="WatchOverrunException"/> when the
    /// reader falls too far behind.
    /// </summary>
    IAsyncEnumerable<StoreEvent> WatchAsync(string prefix, long fromRevision, CancellationToken cancel);
}

/// <summary>A stored value. ModRevision is the object's resourceVersion.</summary>
public sealed record StoreEntry(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision);

public enum StoreEventType
{
    Put,
    Delete,
}

/// <summary>
/// One change. Previous is the entry before it (null for a create). For a delete, Entry holds the last value with the
/// deletion's revision as ModRevision.
/// </summary>
public sealed record StoreEvent(StoreEventType Type, StoreEntry Entry, StoreEntry? Previous);

/// <summary>A page of entries. Remaining counts the entries after the page.</summary>
public readonly record struct StoreList(IReadOnlyList<StoreEntry> Entries, long Revision, bool More, long Remaining);

/// <summary>The revision asked for is older than the history that is kept.</summary>
public sealed class CompactedException(long requested, long oldest)
    : Exception($"revision {requested} has been compacted; the oldest kept is {oldest}")
{
    public long Requested { get; } = requested;

    public long Oldest { get; } = oldest;
}

/// <summary>A state was asked for that no write has reached yet.</summary>
public sealed class FutureRevisionException(long requested, long current)
    : Exception($"revision {requested} is in the future; the current is {current}")
{
    public long Requested { get; } = requested;

    public long Current { get; } = current;
}

/// <summary>A watcher fell so far behind that its events are no longer kept for it; it has to list again.</summary>
public sealed class WatchOverrunException(string prefix) : Exception($"watcher of {prefix} fell too far behind");
