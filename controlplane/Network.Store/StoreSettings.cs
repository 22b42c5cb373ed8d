namespace Network.Store;

/// <summary>Bounds of what a store keeps beside the latest state.</summary>
public sealed record StoreSettings
{
    /// <summary>History for watches that resume, in bytes of keys and values held in memory and on disk.</summary>
    public long MaxHistoryBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>History older than this is compacted even when there is room.</summary>
    public TimeSpan MaxHistoryAge { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A watcher with this many unread events is cut off with <see cref="WatchOverrunException"/>.</summary>
    public int MaxWatcherLag { get; init; } = 16_384;

    /// <summary>False for whoever only looks: an etcd's history is then left to its servers.</summary>
    public bool Compacts { get; init; } = true;

    /// <summary>How often expired keys are deleted and old history is dropped.</summary>
    public TimeSpan HousekeepingEvery { get; init; } = TimeSpan.FromSeconds(10);
}
