namespace Network.Store.Browse;

/// <summary>Looking into a store that a server is working on, without being in its way.</summary>
public interface IStoreView : IAsyncDisposable
{
    /// <summary>The latest record of every key under a prefix, in key order.</summary>
    IReadOnlyList<StoreRecord> Latest(string prefix);

    /// <summary>Every change that is still kept under a prefix, oldest first.</summary>
    IReadOnlyList<StoreRecord> History(string prefix);

    /// <summary>Changes under a prefix from now on.</summary>
    IAsyncEnumerable<StoreRecord> FollowAsync(string prefix, CancellationToken cancel);

    /// <summary>Revision, oldest revision of which history is kept, and bytes on disk (null where they are not ours).</summary>
    (long Revision, long OldestRevision, long? FileBytes) Extent();
}
