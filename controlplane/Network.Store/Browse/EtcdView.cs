using System.Runtime.CompilerServices;

namespace Network.Store.Browse;

/// <summary>A store in etcd, with as much history as etcd keeps.</summary>
public sealed class EtcdView(EtcdStore store) : IStoreView
{
    public IReadOnlyList<StoreRecord> Latest(string prefix) =>
        [.. store.List(prefix).Entries.Select(entry => new StoreRecord(entry.ModRevision, entry.Key, Deleted: false, entry.CreateRevision, entry.Value))];

    public IReadOnlyList<StoreRecord> History(string prefix)
    {
        var oldest = store.OldestRevision;
        var before = store.List(prefix, revision: oldest).Entries.Select(entry => new StoreRecord(entry.ModRevision, entry.Key, Deleted: false, entry.CreateRevision, entry.Value));
        return [.. before.Concat(store.Since(prefix, oldest).Select(StoreRecord.Of)).OrderBy(record => record.Revision)];
    }

    public async IAsyncEnumerable<StoreRecord> FollowAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var change in store.WatchAsync(prefix, store.Revision, cancel).ConfigureAwait(false))
            yield return StoreRecord.Of(change);
    }

    public (long Revision, long OldestRevision, long? FileBytes) Extent() => (store.Revision, store.OldestRevision, null);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
