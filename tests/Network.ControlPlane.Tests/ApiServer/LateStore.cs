using System.Runtime.CompilerServices;
using Network.Store;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>A store whose deletions of some keys reach whoever watches all of it late, as on a machine that has other things to do.</summary>
internal sealed class LateStore(IStore store, string part) : IStore
{
    private static readonly TimeSpan s_late = TimeSpan.FromMilliseconds(300);

    public long Revision => store.Revision;

    public long OldestRevision => store.OldestRevision;

    public StoreSize Size => store.Size;

    public ValueTask FreshAsync(CancellationToken cancel = default) => store.FreshAsync(cancel);

    public StoreEntry? Get(string key) => store.Get(key);

    public int Count(string prefix) => store.Count(prefix);

    public StoreList List(string prefix, int limit = 0, string? startAfter = null, long revision = 0) => store.List(prefix, limit, startAfter, revision);

    public ValueTask<StoreEntry?> PutAsync(string key, ReadOnlyMemory<byte> value, long expectedModRevision, TimeSpan? ttl = null, CancellationToken cancel = default) =>
        store.PutAsync(key, value, expectedModRevision, ttl, cancel);

    public ValueTask<StoreEntry?> DeleteAsync(string key, long expectedModRevision, CancellationToken cancel = default) => store.DeleteAsync(key, expectedModRevision, cancel);

    public async IAsyncEnumerable<StoreEvent> WatchAsync(string prefix, long fromRevision, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var change in store.WatchAsync(prefix, fromRevision, cancel))
        {
            if (prefix == "/registry/" && change.Type == StoreEventType.Delete && change.Entry.Key.Contains(part, StringComparison.Ordinal))
                await Task.Delay(s_late, cancel);
            yield return change;
        }
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
