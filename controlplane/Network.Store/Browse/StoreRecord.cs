namespace Network.Store.Browse;

/// <summary>One change as a store keeps it. Times are null where the store does not keep them (etcd).</summary>
public sealed record StoreRecord(long Revision, string Key, bool Deleted, long CreateRevision, ReadOnlyMemory<byte> Value)
{
    public DateTimeOffset? WrittenAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    internal static StoreRecord Of(StoreEvent change) =>
        new(change.Entry.ModRevision, change.Entry.Key, change.Type == StoreEventType.Delete, change.Entry.CreateRevision, change.Entry.Value);
}
