namespace Network.Store;

/// <summary>A queued write and the promise of its answer.</summary>
internal sealed record Write(string Key, ReadOnlyMemory<byte> Value, long ExpectedModRevision, TimeSpan? Ttl, bool IsDelete)
{
    /// <summary>Not a write: the writer's turn to expire and compact.</summary>
    internal static readonly Write Housekeeping = new("", default, -1, null, false);

    internal TaskCompletionSource<StoreEntry?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
